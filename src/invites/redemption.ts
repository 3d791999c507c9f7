import { codeOf, SnugError } from '../support/errors.js';
import { asFeedId, type FeedId, parseFeedId } from '../support/feed-id.js';
import type { Bans } from './bans.js';
import { hasExpired, hashOf, type Invite } from './invite.js';
import type { Ledger } from './ledger.js';
import type { Mutex } from './mutex.js';
import type { Graph } from './ports.js';
import type { Removals } from './removals.js';
import type { Store } from './store.js';

/** Stock clients take exactly these words for success (ssb-invite 3.0.1, index.js:247). */
function alreadyFollowing(): SnugError {
  return new SnugError('ALREADY_FOLLOWING', 'already following');
}

function unusable(code: string, message: string): SnugError {
  return new SnugError(code, message, { hint: 'Ask for a new invite code.' });
}

/** What {@link Redemptions} works with. */
export interface RedemptionParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly bans: Bans;
  readonly removals: Removals;
  readonly graph: Graph;
  /** The desk's one lock around everything that speaks to the graph. */
  readonly line: Mutex;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Turns a code into a follow, once. The claim is on the disk before the follow is published, so
 * after a crash anywhere in between only the feed that made the claim can complete it.
 */
export class Redemptions {
  readonly #parts: RedemptionParts;

  constructor(parts: RedemptionParts) {
    this.#parts = parts;
  }

  /**
   * @param codeKey public key of the code, proved by the handshake
   * @param value the feed id that the client sent
   * @returns `already` when the follow was in the log before: a redemption was cut short, or the end of
   *   the follow was owed still
   * @throws SnugError UNKNOWN_CODE, CODE_USED, CODE_EXPIRED, CODE_REVOKED, BAD_FEED_ID, FEED_BANNED
   *   or ALREADY_FOLLOWING, which all leave the code as it was; FOLLOW_FAILED or the store's, after
   *   which the same feed can try again
   */
  redeem(codeKey: FeedId, value: unknown): Promise<{ already: boolean }> {
    return this.#parts.line.run(async () => {
      const hash = hashOf(codeKey);
      const invite = this.#usable(await this.#parts.ledger.get(hash), value);
      const feed = parseFeedId(value);
      // The code's own key would be followed under a secret that two people know.
      if (feed === codeKey) parseFeedId(undefined);
      await this.#parts.bans.refuse(feed);
      if (invite.state === 'redeemed') throw alreadyFollowing();
      if (invite.state === 'claimed') return this.#complete(hash, invite, feed);
      const following = await this.#parts.graph.isFollowing(feed);
      // Whoever was removed comes back with this code, also while the unfollow is owed.
      if (following && !this.#parts.removals.has(feed)) throw alreadyFollowing();
      return this.#claim(hash, invite, feed);
    });
  }

  /**
   * Completes what a crash cut short: whoever claimed or redeemed this code is followed, unless
   * banned or removed. A code that nobody has claimed is left alone.
   *
   * @param seen the code as it was read a moment ago
   * @throws SnugError FOLLOW_FAILED or the store's
   */
  async restore(hash: string, seen: Invite): Promise<void> {
    if (seen.feed === undefined || this.#parts.removals.has(seen.feed)) return;
    // Nearly all codes end here, and quickly: a full ledger has tens of thousands.
    const sound = seen.state === 'redeemed' && (await this.#parts.graph.isFollowing(seen.feed));
    if (!sound) await this.#restore(hash);
  }

  #restore(hash: string): Promise<void> {
    return this.#parts.line.run(async () => {
      const invite = await this.#parts.ledger.get(hash);
      if (invite?.feed === undefined || this.#parts.removals.has(invite.feed)) return;
      try {
        await this.#complete(hash, invite, invite.feed);
      } catch (error) {
        if (codeOf(error) !== 'FEED_BANNED') throw error;
      }
    });
  }

  /** @returns the code if this feed may redeem it, go on redeeming it, or has redeemed it */
  #usable(invite: Invite | undefined, value: unknown): Invite {
    if (invite === undefined) throw unusable('UNKNOWN_CODE', 'This relay knows no such code.');
    if (invite.state === 'revoked') throw unusable('CODE_REVOKED', 'This code was withdrawn.');
    if (hasExpired(invite, this.#parts.now())) {
      throw unusable('CODE_EXPIRED', 'This code has expired.');
    }
    const spent = invite.feed !== undefined && this.#parts.removals.has(invite.feed);
    if (spent || (invite.feed !== undefined && invite.feed !== asFeedId(value))) {
      throw unusable('CODE_USED', 'This code has been used already.');
    }
    return invite;
  }

  async #claim(hash: string, invite: Invite, feed: FeedId): Promise<{ already: boolean }> {
    const { store, ledger, removals } = this.#parts;
    const claimed: Invite = { ...invite, state: 'claimed', feed };
    // With this claim a feed that was removed comes back: one write, so that neither is lost.
    const back = removals.comingBack(feed);
    await store.commit([ledger.put(hash, claimed), ...back.writes]);
    back.done();
    try {
      return await this.#complete(hash, claimed, feed);
    } catch (error) {
      // Banned since the claim: nothing was published, so the code is as good as new.
      if (codeOf(error) === 'FEED_BANNED') {
        await store.commit([ledger.put(hash, invite), ...back.undo]);
        back.undone();
      }
      throw error;
    }
  }

  async #complete(hash: string, invite: Invite, feed: FeedId): Promise<{ already: boolean }> {
    const { bans, graph, ledger, now } = this.#parts;
    const already = await graph.isFollowing(feed);
    // Last thing before the follow, so that a ban spoken a moment ago wins.
    await bans.refuse(feed);
    if (!already) await this.#follow(feed);
    if (invite.state === 'claimed') {
      await ledger.save(hash, { ...invite, state: 'redeemed', closedAt: now() });
    }
    return { already };
  }

  async #follow(feed: FeedId): Promise<void> {
    try {
      await this.#parts.graph.follow(feed);
    } catch (cause) {
      throw new SnugError('FOLLOW_FAILED', 'The relay could not publish its follow.', {
        cause,
        hint: 'Try the same code again in a while; it is kept for this feed.',
      });
    }
  }
}
