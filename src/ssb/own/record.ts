import { closeSync, fsyncSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeDurably } from '../../support/durable-file.js';
import { codeOf, SnugError } from '../../support/errors.js';
import { asFeedId, type FeedId } from '../../support/feed-id.js';

/** How far the relay's own feed is known to have come; a backup carries it (docs/backup.md). */
export interface OwnFeedRecord {
  /** Of its last message; 0 before the first. */
  readonly sequence: number;
  /** That message's id; null where it is not known. */
  readonly id: string | null;
  /** Whom the relay followed then: they are let in as members until its feed tells it again. */
  readonly members: readonly FeedId[];
}

const schema = v.object({
  sequence: v.pipe(v.number(), v.integer(), v.minValue(0)),
  id: v.nullable(v.string()),
  members: v.array(v.custom<FeedId>((value) => asFeedId(value) !== undefined)),
});

/** In the folder of the database; a restore puts it there. */
const FILE = 'own-feed.json';

/**
 * @param folder of the database
 * @returns the record, or undefined when there is none and nothing is to be waited for
 * @throws SnugError OWN_RECORD_DAMAGED rather than publishing what may fork the feed
 */
export function readRecord(folder: string): OwnFeedRecord | undefined {
  const file = join(folder, FILE);
  try {
    return v.parse(schema, JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new SnugError('OWN_RECORD_DAMAGED', `The record of the own feed in ${file} is damaged.`, {
      hint: 'Restore again from the backup. Without the record the feed of the relay could fork.',
      cause,
    });
  }
}

/** Puts the record on the disk; while it is there, nothing is published, also after a restart. */
export function writeRecord(folder: string, record: OwnFeedRecord): void {
  writeDurably(join(folder, FILE), `${JSON.stringify(record)}\n`);
}

/** Takes the record away for good. */
export function removeRecord(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
