import type { FeedId } from '../support/feed-id.js';

/**
 * What the desk needs of the SSB relay. `isFollowing` and `isBlocking` must already know of a
 * message when `follow`, `unfollow`, `block` or `unblock` has resolved, and after a restart of
 * everything that is in the log: "exactly once" across a crash rests on that. The relay counts as
 * following itself.
 */
export interface Graph {
  /** @returns whether the relay's newest word on this feed is a follow */
  isFollowing(feed: FeedId): Promise<boolean>;
  /** @returns whether the relay's newest word on this feed is a block */
  isBlocking(feed: FeedId): Promise<boolean>;
  /** Resolves once the follow message is in the log. */
  follow(feed: FeedId): Promise<void>;
  /** Resolves once the message that ends the follow is in the log. */
  unfollow(feed: FeedId): Promise<void>;
  /**
   * Shuts a feed out of the relay at once, or no longer; nothing is published. Before a block, for
   * that may have to wait.
   */
  setBanned(feed: FeedId, banned: boolean): Promise<void>;
  /** Resolves once the block message is in the log. */
  block(feed: FeedId): Promise<void>;
  /** Resolves once the message that lifts the block is in the log. */
  unblock(feed: FeedId): Promise<void>;
}

/** Turns 32 random bytes into a code: `key` is the public key of that seed. */
export type CodeMint = (seed: Buffer) => { readonly key: FeedId; readonly code: string };
