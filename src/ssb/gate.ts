import type { FeedId } from '../support/feed-id.js';

/**
 * Codes of the refusals whose message is for the peer that asked. What else the gate throws is a
 * fault of this relay: its words, such as the path of a folder, are for the operator alone.
 */
export const REFUSALS: ReadonlySet<string> = new Set([
  'UNKNOWN_CODE',
  'CODE_USED',
  'CODE_EXPIRED',
  'CODE_REVOKED',
  'BAD_FEED_ID',
  'FEED_BANNED',
  'FEED_REMOVED',
  'ALREADY_FOLLOWING',
  'NOT_A_MEMBER',
  'SPONSOR_LIMIT',
  'DESK_BUSY',
  'DESK_CLOSED',
  'OWN_FEED_BEHIND',
  'TOO_MANY_FOLLOWS',
]);

/** Who may do what: the decisions that the relay asks for. The invite desk answers. */
export interface Gate {
  /** @returns whether this key belongs to a code that can be redeemed */
  mayRedeem(codeKey: FeedId): Promise<boolean>;
  /** @returns whether the operator has banned this feed; a promise when the desk is in another thread */
  isBanned(feed: FeedId): boolean | Promise<boolean>;
  /**
   * Redeems a code for a feed; resolves once the relay's follow is published.
   * @param feed what the client sent; not yet checked
   */
  redeem(codeKey: FeedId, feed: unknown): Promise<{ already: boolean }>;
  /**
   * A member asks the relay to follow a feed.
   * @param feed what the client sent; not yet checked
   */
  sponsor(member: FeedId, feed: unknown): Promise<{ already: boolean }>;
}
