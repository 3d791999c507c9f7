import { SnugError } from './errors.js';

/** An ed25519 feed id of classic SSB, `@<base64 of 32 bytes>.ed25519`; made only by its parser. */
export type FeedId = string & { readonly __brand: 'FeedId' };

/** The last character of 32 bytes in base64 has four bits of them and two that are 0. */
const CANONICAL = /^@[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\.ed25519$/;

/**
 * @param value anything a peer or an operator sent
 * @returns the feed id, or undefined unless it is the one canonical spelling of 32 bytes
 */
export function asFeedId(value: unknown): FeedId | undefined {
  if (typeof value !== 'string') return undefined;
  return CANONICAL.test(value) ? (value as FeedId) : undefined;
}

/**
 * @param value anything a peer or an operator sent
 * @returns the feed id
 * @throws SnugError BAD_FEED_ID when it is none
 */
export function parseFeedId(value: unknown): FeedId {
  const feed = asFeedId(value);
  if (feed !== undefined) return feed;
  throw new SnugError('BAD_FEED_ID', 'That is not the id of an SSB feed.', {
    hint: 'A feed id looks like @<44 characters of base64>.ed25519; copy it whole from the client.',
  });
}
