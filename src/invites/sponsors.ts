import * as v from 'valibot';
import { codeOf, SnugError } from '../support/errors.js';
import { type FeedId, parseFeedId } from '../support/feed-id.js';
import type { Bans } from './bans.js';
import { feedSchema } from './invite.js';
import type { Mutex } from './mutex.js';
import type { Graph } from './ports.js';
import type { GuestBook, Removals } from './removals.js';
import type { Store, Write } from './store.js';
import { Table } from './table.js';

/** Whom a member has brought along; the list is what the allowance is counted by. */
const sponsorSchema = v.object({ feeds: v.array(feedSchema) });
/** Whose allowance a feed was brought along with. */
const guestSchema = v.object({ sponsor: feedSchema });

/** What {@link Sponsors} works with. */
export interface SponsorParts {
  readonly store: Store;
  readonly bans: Bans;
  readonly removals: Removals;
  readonly graph: Graph;
  /** The desk's one lock around everything that speaks to the graph. */
  readonly line: Mutex;
  readonly maySponsor: number;
}

/**
 * Members bring other feeds along, a few each. A feed that was brought along may do so too, but
 * out of the allowance of the member who came with a code: otherwise five guests, each with five
 * guests of their own, would make one code good for any number of feeds.
 */
export class Sponsors implements GuestBook {
  readonly #parts: SponsorParts;
  readonly #sponsors: Table<v.InferOutput<typeof sponsorSchema>>;
  readonly #guests: Table<v.InferOutput<typeof guestSchema>>;

  constructor(parts: SponsorParts) {
    this.#parts = parts;
    this.#sponsors = new Table(parts.store, 'sponsors', sponsorSchema);
    this.#guests = new Table(parts.store, 'guests', guestSchema);
  }

  /**
   * @param member who asks, as the handshake proved
   * @param value the feed id that they sent
   * @returns `already` when the relay follows that feed already, which costs nothing
   * @throws SnugError BAD_FEED_ID, FEED_BANNED, NOT_A_MEMBER, FEED_REMOVED, SPONSOR_LIMIT;
   *   FOLLOW_FAILED or the store's, after which asking again for the same feed costs nothing more
   */
  sponsor(member: FeedId, value: unknown): Promise<{ already: boolean }> {
    return this.#parts.line.run(async () => {
      const { bans, graph, removals } = this.#parts;
      const feed = parseFeedId(value);
      await bans.refuse(member);
      // A removal counts also while its unfollow is owed.
      if (removals.has(member) || !(await graph.isFollowing(member))) {
        throw new SnugError('NOT_A_MEMBER', 'Only members of this relay may ask for a follow.', {
          hint: 'Redeem an invite code first.',
        });
      }
      await bans.refuse(feed);
      if (removals.has(feed)) throw removedBefore();
      if (await graph.isFollowing(feed)) return { already: true };
      await this.#charge(member, feed);
      await this.#follow(feed);
      return { already: false };
    });
  }

  async guestsOf(member: FeedId): Promise<FeedId[]> {
    return (await this.#sponsors.get(member))?.feeds ?? [];
  }

  async release(feeds: readonly FeedId[]): Promise<Write[]> {
    const gone = new Set(feeds);
    const lists = (await this.#sponsors.entries()).flatMap(([sponsor, { feeds: all }]) => {
      const left = all.filter((feed) => !gone.has(feed));
      return left.length === all.length ? [] : [this.#sponsors.put(sponsor, { feeds: left })];
    });
    return [...lists, ...feeds.map((feed) => this.#guests.remove(feed))];
  }

  /** @returns on whose allowance each feed came */
  async sponsors(): Promise<Map<FeedId, FeedId>> {
    const lists = await this.#sponsors.entries();
    return new Map(
      lists.flatMap(([sponsor, { feeds }]) =>
        feeds.map((feed) => [feed, parseFeedId(sponsor)] as const),
      ),
    );
  }

  /** @returns every feed that was brought along and is not removed since */
  async feeds(): Promise<FeedId[]> {
    return (await this.#sponsors.entries()).flatMap(([, { feeds }]) => feeds);
  }

  /**
   * Completes what a crash cut short: the feed is followed, unless banned or removed.
   *
   * @throws SnugError FOLLOW_FAILED
   */
  restore(feed: FeedId): Promise<void> {
    return this.#parts.line.run(async () => {
      // It may have been removed since the list was read.
      if (this.#parts.removals.has(feed)) return;
      if (await this.#parts.graph.isFollowing(feed)) return;
      try {
        await this.#follow(feed);
      } catch (error) {
        if (codeOf(error) !== 'FEED_BANNED') throw error;
      }
    });
  }

  /** Written before the follow, so that a crash gives nobody a follow for free. */
  async #charge(member: FeedId, feed: FeedId): Promise<void> {
    const sponsor = (await this.#guests.get(member))?.sponsor ?? member;
    const feeds = (await this.#sponsors.get(sponsor))?.feeds ?? [];
    if (feeds.includes(feed)) return;
    if (feeds.length >= this.#parts.maySponsor) {
      throw new SnugError('SPONSOR_LIMIT', 'The relay follows no more feeds for this member.', {
        hint: 'Friends can still come with an invite code of their own.',
      });
    }
    await this.#parts.store.commit([
      this.#sponsors.put(sponsor, { feeds: [...feeds, feed] }),
      this.#guests.put(feed, { sponsor }),
    ]);
  }

  async #follow(feed: FeedId): Promise<void> {
    await this.#parts.bans.refuse(feed);
    try {
      await this.#parts.graph.follow(feed);
    } catch (cause) {
      throw new SnugError('FOLLOW_FAILED', 'The relay could not publish its follow.', {
        cause,
        hint: 'Ask again in a while; it costs nothing more.',
      });
    }
  }
}

/** Otherwise a client that asks again and again would undo what the operator did. */
function removedBefore(): SnugError {
  return new SnugError('FEED_REMOVED', 'The operator has removed that feed from this relay.', {
    hint: 'It can come back with an invite code of its own.',
  });
}
