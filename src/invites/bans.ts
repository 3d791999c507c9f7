import * as v from 'valibot';
import { codeOf, SnugError } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import { feedSchema } from './invite.js';
import { MAX_BANS, MAX_WAITING } from './limits.js';
import { Mutex } from './mutex.js';
import type { Graph } from './ports.js';
import type { Removals } from './removals.js';
import type { Store } from './store.js';
import { Table } from './table.js';
import { checkedNote } from './text.js';

const banSchema = v.object({
  feed: feedSchema,
  /** A lifted ban stays on record until its block is undone in the log. */
  state: v.picklist(['banned', 'lifted']),
  /** Milliseconds since 1970. */
  at: v.number(),
  reason: v.exactOptional(v.string()),
  /** Whether lifting the ban gives the feed its place here back. */
  wasFollowed: v.exactOptional(v.boolean()),
});
type Ban = v.InferOutput<typeof banSchema>;

/** One ban in force. */
export interface BanSummary {
  readonly feed: FeedId;
  /** When it was spoken, milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string;
}

/** What {@link Bans} works with. */
export interface BanParts {
  readonly store: Store;
  readonly graph: Graph;
  /** A feed that was removed has no place here that lifting its ban could give back. */
  readonly removals: Pick<Removals, 'has'>;
  /** The desk's one lock around everything that speaks to the graph. */
  readonly line: Mutex;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Who is banned. The record is written first and counts at once; the block in the log follows in
 * the desk's line, behind a follow that may be under way, so that the block has the last word. However
 * long that line is, it takes one more: nobody may keep a ban out by filling it.
 */
export class Bans {
  readonly #parts: BanParts;
  readonly #table: Table<Ban>;
  readonly #records = new Map<FeedId, Ban>();
  readonly #writing = new Mutex(MAX_WAITING);

  private constructor(parts: BanParts) {
    this.#parts = parts;
    this.#table = new Table(parts.store, 'bans', banSchema);
  }

  /** @throws SnugError STATE_DAMAGED and others of the store */
  static async load(parts: BanParts): Promise<Bans> {
    const bans = new Bans(parts);
    for (const [, ban] of await bans.#table.entries()) bans.#records.set(ban.feed, ban);
    return bans;
  }

  /** @returns whether a ban on this feed is in force */
  has(feed: FeedId): boolean {
    return this.#records.get(feed)?.state === 'banned';
  }

  /** @returns the bans in force, newest first */
  list(): BanSummary[] {
    const inForce = [...this.#records.values()].filter((ban) => ban.state === 'banned');
    inForce.sort((a, b) => b.at - a.at);
    return inForce.map(({ feed, at, reason }) => ({
      feed,
      at,
      ...(reason === undefined ? {} : { reason }),
    }));
  }

  /** @throws SnugError FEED_BANNED when the feed is banned here or blocked in the log */
  async refuse(feed: FeedId): Promise<void> {
    // The record is read last: a ban spoken while the graph was asked counts.
    if ((await this.#parts.graph.isBlocking(feed)) || this.has(feed)) {
      throw new SnugError('FEED_BANNED', 'That feed is banned from this relay.', {
        hint: 'Only the operator of this relay can lift the ban.',
      });
    }
  }

  /**
   * Resolves when the block is in the log. Banning twice renews the reason.
   *
   * @throws SnugError TOO_MANY_BANS, BAD_NOTE, BLOCK_FAILED (the ban counts all the same) or the
   *   store's (then it does not)
   */
  async ban(feed: FeedId, reason: string | undefined): Promise<void> {
    const text = checkedNote(reason, 'reason');
    await this.#change(feed, (old) => {
      if (old === undefined && this.#records.size >= MAX_BANS) {
        throw new SnugError('TOO_MANY_BANS', `${MAX_BANS} feeds are banned already.`, {
          hint: 'Lift bans that are no longer needed.',
        });
      }
      const kept = old?.wasFollowed === undefined ? {} : { wasFollowed: old.wasFollowed };
      const why = text ?? old?.reason;
      const spoken = why === undefined ? kept : { ...kept, reason: why };
      return { feed, state: 'banned', at: this.#parts.now(), ...spoken };
    });
    await this.#settle(feed);
  }

  /**
   * Resolves when the block is lifted in the log and the feed is followed again if it was before and
   * is not removed.
   *
   * @throws SnugError NOT_BANNED, or BLOCK_FAILED and the store's
   */
  async unban(feed: FeedId): Promise<void> {
    // A block that another tool published can be lifted too.
    const known = this.#records.has(feed) || (await this.#parts.graph.isBlocking(feed));
    await this.#change(feed, (old) => {
      if (!known) {
        throw new SnugError('NOT_BANNED', 'That feed is not banned.', {
          hint: 'Check the feed id; it must be the very one that was banned.',
        });
      }
      return { ...(old ?? { feed, at: this.#parts.now() }), state: 'lifted' };
    });
    await this.#settle(feed);
  }

  /** @returns feeds whose record may not be true in the log yet, for {@link InviteDesk.reconcile} */
  feeds(): FeedId[] {
    return [...this.#records.keys()];
  }

  /**
   * Takes over whether the relay's feed blocks this one; called when that is newer than the record.
   *
   * @param cameHere whether it is on record how the feed became a member: the block hides that it was
   */
  async learn(feed: FeedId, blocked: boolean, cameHere: boolean): Promise<void> {
    if (blocked === this.has(feed)) return;
    const place = cameHere ? { wasFollowed: true } : {};
    await this.#change(feed, (old) =>
      blocked
        ? { ...(old ?? { feed, at: this.#parts.now() }), ...place, state: 'banned' }
        : undefined,
    );
    await this.#parts.graph.setBanned(feed, blocked);
  }

  /** Makes the log say of this feed what its record says. Takes its turn in the desk's line. */
  settle(feed: FeedId): Promise<void> {
    return this.#parts.line.runInAnyCase(async () => {
      const ban = this.#records.get(feed);
      if (ban?.state === 'banned') await this.#block(ban);
      if (ban?.state === 'lifted') await this.#unblock(ban);
    });
  }

  async #settle(feed: FeedId): Promise<void> {
    try {
      // The relay shuts it out before the block has its turn. What is on record by now counts.
      await this.#parts.graph.setBanned(feed, this.has(feed));
      await this.settle(feed);
    } catch (cause) {
      throw new SnugError('BLOCK_FAILED', 'The ban list is changed, but not yet published.', {
        cause,
        hint:
          codeOf(cause) === 'OWN_FEED_BEHIND'
            ? 'It counts here now, and is published when the own feed is back: see "snug status".'
            : 'Give the same command again; a restart of the relay also completes it.',
      });
    }
  }

  async #block(ban: Ban): Promise<void> {
    const { graph } = this.#parts;
    if (await graph.isBlocking(ban.feed)) return;
    const wasFollowed = ban.wasFollowed === true || (await graph.isFollowing(ban.feed));
    await this.#change(ban.feed, (current) => ({ ...(current ?? ban), wasFollowed }));
    await graph.block(ban.feed);
  }

  async #unblock(ban: Ban): Promise<void> {
    const { feed } = ban;
    const { graph, removals } = this.#parts;
    if (await graph.isBlocking(feed)) await graph.unblock(feed);
    const hasPlace = ban.wasFollowed === true && !removals.has(feed);
    const isOwed = hasPlace && !(await graph.isFollowing(feed));
    if (isOwed && !this.has(feed)) await graph.follow(feed);
    await this.#change(feed, (current) => (current?.state === 'lifted' ? undefined : current));
  }

  /** Memory first, so that a ban counts from the moment it is spoken; undone if it cannot be kept. */
  #change(feed: FeedId, change: (old: Ban | undefined) => Ban | undefined): Promise<void> {
    return this.#writing.run(async () => {
      const old = this.#records.get(feed);
      const next = change(old);
      this.#remember(feed, next);
      try {
        const write = next === undefined ? this.#table.remove(feed) : this.#table.put(feed, next);
        await this.#parts.store.commit([write]);
      } catch (error) {
        this.#remember(feed, old);
        throw error;
      }
    });
  }

  #remember(feed: FeedId, ban: Ban | undefined): void {
    if (ban === undefined) this.#records.delete(feed);
    else this.#records.set(feed, ban);
  }
}
