import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import { type OwnFeedRecord, readRecord } from './own/record.js';
import { asContact } from './own-feed.js';
import { loadOwnKey } from './own-key.js';

const BLOCK = 1024 * 1024;
/** flumelog-offset (frame/recoverable.js): length, data, length, and the offset of its end. */
const BEFORE = 4;
const AFTER = 8;

/** The records of ssb-db's log in order, up to its end or to where a crash has cut it. */
async function* recordsOf(log: FileHandle): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const block = Buffer.alloc(BLOCK);
    const { bytesRead } = await log.read(block, 0, BLOCK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    rest = Buffer.concat([rest, block.subarray(0, bytesRead)]);
    let at = 0;
    while (rest.length - at >= BEFORE) {
      const length = rest.readUInt32BE(at);
      // No message comes near that, whatever it is wrapped in.
      if (length === 0 || length > BLOCK) return;
      if (rest.length - at < BEFORE + length + AFTER) break;
      if (rest.readUInt32BE(at + BEFORE + length) !== length) return;
      yield rest.subarray(at + BEFORE, at + BEFORE + length);
      at += BEFORE + length + AFTER;
    }
    rest = rest.subarray(at);
  }
}

/** A message as ssb-db keeps it. */
interface Logged {
  readonly key: string;
  readonly value: {
    readonly author: string;
    readonly sequence: number;
    readonly content?: unknown;
  };
}

/** What a record of the log says, if it says anything that can be read. */
function parse(record: Buffer): Logged | undefined {
  try {
    const message = JSON.parse(record.toString('utf8')) as Logged | null;
    return typeof message?.value?.sequence === 'number' ? (message ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

async function headIn(log: FileHandle, id: FeedId): Promise<OwnFeedRecord> {
  const members = new Set<FeedId>();
  let head: { sequence: number; id: string | null } = { sequence: 0, id: null };
  for await (const record of recordsOf(log)) {
    if (!record.includes(id)) continue;
    const message = parse(record);
    if (message?.value.author !== id || message.value.sequence <= head.sequence) continue;
    head = { sequence: message.value.sequence, id: message.key };
    const [feed, word] = asContact(message.value) ?? [];
    if (feed === undefined) continue;
    if (word === 'follow') members.add(feed);
    else members.delete(feed);
  }
  return { ...head, members: [...members].sort() };
}

/**
 * Reads how far the own feed of a relay has come that does not run.
 *
 * @param folder of its database, with its key in it
 * @returns its feed and how far that is known to have come
 * @throws SnugError SSB_KEY_DAMAGED, OWN_RECORD_DAMAGED; the error of the file system
 */
export async function readOwnFeed(
  folder: string,
): Promise<{ feed: FeedId; ownFeed: OwnFeedRecord }> {
  const feed = loadOwnKey(join(folder, 'secret')).id as FeedId;
  const here = await open(join(folder, 'flume', 'log.offset'), 'r').then(
    async (log) => {
      try {
        return await headIn(log, feed);
      } finally {
        await log.close();
      }
    },
    (error: unknown): OwnFeedRecord => {
      if (codeOf(error) === 'ENOENT') return { sequence: 0, id: null, members: [] };
      throw error;
    },
  );
  const recorded = readRecord(folder);
  const isAhead = recorded !== undefined && recorded.sequence > here.sequence;
  return { feed, ownFeed: isAhead ? recorded : here };
}
