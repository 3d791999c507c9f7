import * as v from 'valibot';
import { SnugError } from '../support/errors.js';
import { asFeedId, type FeedId } from '../support/feed-id.js';
import { asOnionHost, type OnionHost } from '../support/onion-host.js';
import { damaged, foreign } from './problems.js';

/** Of the archives that this version writes, and the newest that it reads. */
export const FORMAT = 1;

const sequence = v.pipe(v.number(), v.integer(), v.minValue(0));
const feed = v.custom<FeedId>((value) => asFeedId(value) !== undefined);
const host = v.custom<OnionHost>((value) => asOnionHost(String(value)) === value);

const manifestSchema = v.object({
  program: v.literal('snug'),
  format: v.literal(FORMAT),
  /** Of the Snug that wrote it. */
  version: v.pipe(v.string(), v.maxLength(64)),
  /** Milliseconds since 1970, by the clock of that box. */
  createdAt: v.number(),
  feed,
  host,
  /** The relay's own last message. */
  own: v.object({ sequence, id: v.nullable(v.string()) }),
  withLog: v.boolean(),
});

/** What an archive says of itself. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** How far the relay's own feed has come, and whom it follows. */
export const ownFeedSchema = v.object({
  sequence,
  id: v.nullable(v.string()),
  members: v.array(feed),
});

/** What only the running relay knows, or whoever reads its databases while it does not run. */
export const recordsSchema = v.object({
  feed,
  ownFeed: ownFeedSchema,
  /** The desk's records, as they are stored. */
  invites: v.array(v.tuple([v.string(), v.string()])),
});
export type Records = v.InferOutput<typeof recordsSchema>;

/**
 * @param secret the relay's key, as it lies in its file
 * @returns whether it is the key of that feed
 */
export function isKeyOf(feed: FeedId, secret: Buffer): boolean {
  return secret.includes(`"${feed}"`);
}

/** The end of an archive: nothing is missing. */
export const endSchema = v.object({
  /** SHA-256 in hexadecimal, by name; blobs have it in their name. */
  digests: v.record(v.string(), v.string()),
  /** How many entries went before, blobs among them. */
  entries: sequence,
});

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw damaged('one of its parts is no JSON', cause);
  }
}

/**
 * @param bytes JSON in UTF-8
 * @returns what they say
 * @throws SnugError ARCHIVE_DAMAGED when that is not of its form
 */
export function parseAs<S extends v.GenericSchema>(schema: S, bytes: Buffer): v.InferOutput<S> {
  const result = v.safeParse(schema, parseJson(bytes));
  if (result.success) return result.output;
  throw damaged('one of its parts is not of its form');
}

/** @throws SnugError ARCHIVE_FOREIGN, ARCHIVE_TOO_NEW or ARCHIVE_DAMAGED */
export function parseManifest(bytes: Buffer): Manifest {
  const value = parseJson(bytes) as {
    program?: unknown;
    format?: unknown;
    version?: unknown;
  } | null;
  if (value?.program !== 'snug') throw foreign('it does not say that Snug wrote it');
  if (typeof value.format === 'number' && value.format > FORMAT) {
    throw new SnugError('ARCHIVE_TOO_NEW', 'The backup was written by a newer version of Snug.', {
      hint: `Nothing was changed. Restore it with that version (${String(value.version).slice(0, 64)}) or a later one.`,
    });
  }
  return parseAs(manifestSchema, bytes);
}
