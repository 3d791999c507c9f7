import { join } from 'node:path';
import { SnugError } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import { inspectLog } from './inspect/log.js';
import { type OwnFeedRecord, readRecord } from './own/record.js';
import { asContact } from './own-feed.js';
import { loadOwnKey } from './own-key.js';

/** A message as ssb-db keeps it. */
interface Logged {
  readonly key: string;
  readonly value: {
    readonly author: string;
    readonly sequence: number;
    readonly content?: unknown;
  };
}

/** @param record that `inspectLog` has found to be a message */
function parse(record: Buffer): Logged | undefined {
  const message = JSON.parse(record.toString('utf8')) as Logged;
  return typeof message.value?.sequence === 'number' ? message : undefined;
}

function damaged(file: string): SnugError {
  return new SnugError(
    'LOG_DAMAGED',
    `The log of messages ${file} is damaged: it does not tell how far the relay's own feed has come.`,
    {
      hint: 'A relay that is restored with too little could fork its feed. "snug doctor" says what is wrong; use an older backup.',
    },
  );
}

/** Adds up the relay's own messages, one record after the other. */
class Head {
  readonly #id: FeedId;
  readonly #members = new Set<FeedId>();
  #head: { sequence: number; id: string | null } = { sequence: 0, id: null };

  constructor(id: FeedId) {
    this.#id = id;
  }

  add(record: Buffer): void {
    if (!record.includes(this.#id)) return;
    const message = parse(record);
    if (message?.value.author !== this.#id) return;
    if (message.value.sequence <= this.#head.sequence) return;
    this.#head = { sequence: message.value.sequence, id: message.key };
    const [feed, word] = asContact(message.value) ?? [];
    if (feed === undefined) return;
    if (word === 'follow') this.#members.add(feed);
    else this.#members.delete(feed);
  }

  record(): OwnFeedRecord {
    return { ...this.#head, members: [...this.#members].sort() };
  }
}

/** What a power cut has left at the end counts as nothing: the relay cuts it off, too. */
async function headIn(file: string, id: FeedId): Promise<OwnFeedRecord> {
  const head = new Head(id);
  const shape = await inspectLog(file, (record) => head.add(record));
  if (shape?.broken !== undefined || (shape?.unreadable ?? 0) > 0) throw damaged(file);
  return head.record();
}

/**
 * Reads how far the own feed of a relay has come that does not run.
 *
 * @param folder of its database, with its key in it
 * @returns its feed and how far that is known to have come
 * @throws SnugError SSB_KEY_DAMAGED, OWN_RECORD_DAMAGED, LOG_DAMAGED; the error of the file system
 */
export async function readOwnFeed(
  folder: string,
): Promise<{ feed: FeedId; ownFeed: OwnFeedRecord }> {
  const feed = loadOwnKey(join(folder, 'secret')).id as FeedId;
  const here = await headIn(join(folder, 'flume', 'log.offset'), feed);
  const recorded = readRecord(folder);
  const isAhead = recorded !== undefined && recorded.sequence > here.sequence;
  return { feed, ownFeed: isAhead ? recorded : here };
}
