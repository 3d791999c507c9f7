import * as v from 'valibot';
import { SnugError } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import { feedSchema } from './invite.js';
import { MAX_REMOVALS } from './limits.js';
import type { Mutex } from './mutex.js';
import type { Graph } from './ports.js';
import type { Store, Write } from './store.js';
import { Table } from './table.js';

const removalSchema = v.object({
  feed: feedSchema,
  /** Milliseconds since 1970. */
  at: v.number(),
});
type Removal = v.InferOutput<typeof removalSchema>;

/** What {@link Removals.remove} did. */
export interface Removed {
  /** Feeds that are removed now: the one that was named, and its guests if they were meant too. */
  readonly removed: readonly FeedId[];
  /** Feeds that it had brought along and that stay. */
  readonly guests: readonly FeedId[];
}

/** Whom members have brought along; `Sponsors` keeps it. */
export interface GuestBook {
  /** @returns the feeds that came on this member's allowance */
  guestsOf(member: FeedId): Promise<readonly FeedId[]>;
  /** @returns the changes that give back the places of these feeds */
  release(feeds: readonly FeedId[]): Promise<Write[]>;
}

/** Call `done` when `writes` are on the disk; to take that back, commit `undo` and call `undone`. */
export interface ComingBack {
  readonly writes: readonly Write[];
  readonly undo: readonly Write[];
  done(): void;
  undone(): void;
}

/** What {@link Removals} works with. */
export interface RemovalParts {
  readonly store: Store;
  readonly graph: Graph;
  /** The desk's one lock around everything that speaks to the graph. */
  readonly line: Mutex;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Members that the operator has removed. The record is on the disk before the unfollow is
 * published and stays until the feed comes with a new code: the desk follows whoever once redeemed
 * a code, and would bring the feed back at the next start.
 */
export class Removals {
  readonly #parts: RemovalParts;
  readonly #table: Table<Removal>;
  readonly #records = new Map<FeedId, Removal>();
  /** Those whose unfollow is not known to be in the log. */
  readonly #owed = new Set<FeedId>();

  private constructor(parts: RemovalParts) {
    this.#parts = parts;
    this.#table = new Table(parts.store, 'removals', removalSchema);
  }

  /** @throws SnugError STATE_DAMAGED and others of the store */
  static async load(parts: RemovalParts): Promise<Removals> {
    const removals = new Removals(parts);
    for (const [, record] of await removals.#table.entries()) {
      removals.#records.set(record.feed, record);
      removals.#owed.add(record.feed);
    }
    return removals;
  }

  /** @returns whether the operator has removed this feed and it has not come back with a code */
  has(feed: FeedId): boolean {
    return this.#records.has(feed);
  }

  /** @returns the feeds that are removed */
  all(): FeedId[] {
    return [...this.#records.keys()];
  }

  /** @returns when the feed was removed, in milliseconds since 1970; undefined when it was not */
  at(feed: FeedId): number | undefined {
    return this.#records.get(feed)?.at;
  }

  /** @returns feeds whose record may not be true in the log yet, for `InviteDesk.reconcile` */
  owed(): FeedId[] {
    return [...this.#owed];
  }

  /**
   * Ends a membership. Resolves when the unfollow is in the log.
   *
   * @param withGuests whether those go too whom it brought along; else they stay
   * @throws SnugError NOT_A_MEMBER, TOO_MANY_REMOVALS; UNFOLLOW_FAILED (the removal counts all the
   *   same) or the store's (then it does not)
   */
  remove(feed: FeedId, withGuests: boolean, book: GuestBook): Promise<Removed> {
    return this.#parts.line.run(async () => {
      const guests = await book.guestsOf(feed);
      const leaving = await this.#leaving(feed, withGuests ? guests : []);
      if (leaving.length === 0) throw notAMember();
      const records = leaving.map((one) => ({ feed: one, at: this.#parts.now() }));
      await this.#parts.store.commit([
        ...records.map((record) => this.#table.put(record.feed, record)),
        ...(await book.release(leaving)),
      ]);
      for (const record of records) {
        this.#records.set(record.feed, record);
        this.#owed.add(record.feed);
      }
      await this.#publish();
      return { removed: leaving, guests: withGuests ? [] : guests };
    });
  }

  /** Takes over whether the relay's feed let go of this one; called when that is newer than the record. */
  async learn(feed: FeedId, removed: boolean, book: GuestBook): Promise<void> {
    if (removed === this.has(feed)) return;
    const record = { feed, at: this.#parts.now() };
    await this.#parts.store.commit(
      removed
        ? [this.#table.put(feed, record), ...(await book.release([feed]))]
        : [this.#table.remove(feed)],
    );
    if (removed) this.#records.set(feed, record);
    else this.#records.delete(feed);
    this.#owed.delete(feed);
  }

  /** @returns what lets the feed back in, in one batch with the claim of its new code */
  comingBack(feed: FeedId): ComingBack {
    const record = this.#records.get(feed);
    const owed = this.#owed.has(feed);
    return {
      writes: record === undefined ? [] : [this.#table.remove(feed)],
      done: () => {
        this.#records.delete(feed);
        this.#owed.delete(feed);
      },
      undo: record === undefined ? [] : [this.#table.put(feed, record)],
      undone: () => {
        if (record !== undefined) this.#records.set(feed, record);
        if (owed) this.#owed.add(feed);
      },
    };
  }

  /** Makes the log say of this feed what its record says. Takes its turn in the desk's line. */
  settle(feed: FeedId): Promise<void> {
    return this.#parts.line.run(() => this.#settle(feed));
  }

  async #leaving(feed: FeedId, guests: readonly FeedId[]): Promise<FeedId[]> {
    const leaving: FeedId[] = [];
    for (const one of new Set([feed, ...guests])) {
      // What was owed is done with this command, also when the log turns out to say it already.
      if (this.#owed.has(one) || (await this.#parts.graph.isFollowing(one))) leaving.push(one);
    }
    const fresh = leaving.filter((one) => !this.has(one)).length;
    if (this.#records.size + fresh <= MAX_REMOVALS) return leaving;
    throw new SnugError('TOO_MANY_REMOVALS', `${MAX_REMOVALS} feeds are removed already.`, {
      hint: 'Ban the feed instead: `snug ban`.',
    });
  }

  async #publish(): Promise<void> {
    try {
      for (const feed of this.owed()) await this.#settle(feed);
    } catch (cause) {
      throw new SnugError(
        'UNFOLLOW_FAILED',
        'The feed is removed, but that is not published yet.',
        {
          cause,
          hint: 'Give the same command again; a restart of the relay also completes it.',
        },
      );
    }
  }

  async #settle(feed: FeedId): Promise<void> {
    const { graph } = this.#parts;
    if (this.has(feed) && (await graph.isFollowing(feed))) await graph.unfollow(feed);
    this.#owed.delete(feed);
  }
}

function notAMember(): SnugError {
  return new SnugError('NOT_A_MEMBER', 'That feed is no member of this relay.', {
    hint: '`snug member list` shows who is. To keep a feed out whatever it has: `snug ban`.',
  });
}
