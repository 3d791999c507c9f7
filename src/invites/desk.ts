import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, SnugError } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import { type BanSummary, Bans } from './bans.js';
import { Budget, type Rate } from './budget.js';
import { type Counters, newCounters } from './counters.js';
import { hashOf, type InviteSummary, idOf } from './invite.js';
import { Ledger } from './ledger.js';
import { CLOSE_PATIENCE_MS, MAX_WAITING } from './limits.js';
import { type Entrance, type InviteWish, Minting, type NewInvite, type Solved } from './minting.js';
import { Mutex } from './mutex.js';
import type { CodeMint, Graph } from './ports.js';
import { Redemptions } from './redemption.js';
import { Sponsors } from './sponsors.js';
import { Store } from './store.js';

export type {
  BanSummary,
  CodeMint,
  Counters,
  Entrance,
  Graph,
  InviteSummary,
  InviteWish,
  NewInvite,
  Solved,
};

/** What the desk is built from. */
export interface DeskOptions {
  /** The database's own folder; made with mode 0700 if missing. */
  readonly folder: string;
  readonly graph: Graph;
  readonly mint: CodeMint;
  /** Codes for riddles: `burst` at once, refilled with `perHour`. */
  readonly budget: Rate;
  /** How long a code can be redeemed, in milliseconds. */
  readonly lifetimeMs: number;
  /** Feeds that each member may have followed besides their own. */
  readonly maySponsor: number;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The only authority on invite codes: makes them, redeems them once, counts the visitors' budget
 * and keeps the bans. Only hashes of codes are stored.
 */
export class InviteDesk {
  readonly #options: DeskOptions;
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #budget: Budget;
  readonly #bans: Bans;
  readonly #redemptions: Redemptions;
  readonly #sponsors: Sponsors;
  readonly #minting: Minting;
  readonly #front: Entrance;
  readonly #counters = newCounters();
  /** Everything that speaks to the graph. A slow log holds this up, but not the riddles. */
  readonly #line: Mutex;

  private constructor(options: DeskOptions, store: Store, budget: Budget, bans: Bans, line: Mutex) {
    const { graph, now, maySponsor } = options;
    this.#options = options;
    this.#store = store;
    this.#budget = budget;
    this.#bans = bans;
    this.#line = line;
    const ledger = new Ledger(store, now);
    this.#ledger = ledger;
    this.#redemptions = new Redemptions({ ledger, bans, graph, line, now });
    this.#sponsors = new Sponsors({ store, bans, graph, line, maySponsor });
    const { mint, lifetimeMs, log } = options;
    const counters = this.#counters;
    this.#minting = new Minting({ store, ledger, budget, counters, mint, lifetimeMs, now, log });
    this.#front = this.#minting.entrance(mint);
  }

  /**
   * Opens the database. Nothing is said to the graph before {@link InviteDesk.reconcile}.
   *
   * @throws SnugError STATE_IN_USE, STATE_DAMAGED, DISK_FULL or STATE_FAILED
   */
  static async open(options: DeskOptions): Promise<InviteDesk> {
    const store = await Store.open(options.folder);
    try {
      const line = new Mutex(MAX_WAITING);
      const bans = await Bans.load(store, options.graph, line, options.now);
      const budget = await Budget.load(store, options.budget, options.now);
      const desk = new InviteDesk(options, store, budget, bans, line);
      await desk.#minting.prune();
      return desk;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /**
   * Makes the log say what the desk has promised, after a crash or a restored backup: every ban is
   * a block, every lifted ban is none, whoever redeemed a code or was sponsored is followed unless
   * banned. Call it once the relay is up, before strangers are let in.
   *
   * @throws SnugError RECONCILE_INCOMPLETE when some could not be completed; the rest are
   */
  async reconcile(): Promise<void> {
    const failures: unknown[] = [];
    const attempt = async (work: Promise<void>) => {
      await work.catch((error: unknown) => failures.push(error));
    };
    for (const feed of this.#bans.feeds()) await attempt(this.#bans.settle(feed));
    for await (const [hash, invite] of this.#ledger.all()) {
      await attempt(this.#redemptions.restore(hash, invite));
    }
    for (const feed of await this.#sponsors.feeds()) await attempt(this.#sponsors.restore(feed));
    if (failures.length === 0) return;
    const why = messageOf(failures[0]);
    throw new SnugError('RECONCILE_INCOMPLETE', `${failures.length} follows or blocks are owed.`, {
      cause: failures[0],
      hint: `The first failed so: ${why} They are tried again at the next start.`,
    });
  }

  /** Makes a code for the operator, outside the visitors' budget. See {@link Minting.create}. */
  create(wish: InviteWish = {}): Promise<NewInvite> {
    return this.#minting.create(wish);
  }

  /**
   * Redeems a code: when this resolves, the follow is in the relay's log. See
   * {@link Redemptions.redeem} for what it takes, returns and throws.
   */
  async redeem(codeKey: FeedId, feed: unknown): Promise<{ already: boolean }> {
    try {
      const result = await this.#redemptions.redeem(codeKey, feed);
      this.#counters.redeemed += 1;
      this.#options.log.info(`invite ${idOf(hashOf(codeKey))} is redeemed`);
      return result;
    } catch (error) {
      this.#counters.refused += 1;
      throw error;
    }
  }

  /** @returns whether a stranger with this key may call `invite.use`. One read, no write. */
  mayRedeem(codeKey: FeedId): Promise<boolean> {
    return this.#ledger.isRedeemable(hashOf(codeKey));
  }

  /** @returns the codes not yet pruned, newest first, never the codes themselves */
  list(): Promise<InviteSummary[]> {
    return this.#ledger.list();
  }

  /**
   * @param id of the code, or its first digits (at least 4)
   * @returns the code as it now stands
   * @throws SnugError NO_SUCH_INVITE, AMBIGUOUS_INVITE, INVITE_REDEEMED or the store's
   */
  revoke(id: string): Promise<InviteSummary> {
    return this.#line.run(() => this.#ledger.revoke(id));
  }

  /** Shuts a feed out, also one in the middle of redeeming. See {@link Bans.ban}. */
  ban(feed: FeedId, reason?: string): Promise<void> {
    return this.#bans.ban(feed, reason);
  }

  /** Lifts a ban; a feed that was followed is followed again. See {@link Bans.unban}. */
  unban(feed: FeedId): Promise<void> {
    return this.#bans.unban(feed);
  }

  /** @returns the bans in force, newest first */
  bans(): BanSummary[] {
    return this.#bans.list();
  }

  /** @returns whether a ban on this feed is in force; from memory, cheap */
  isBanned(feed: FeedId): boolean {
    return this.#bans.has(feed);
  }

  /** A member asks the relay to follow another feed. See {@link Sponsors.sponsor}. */
  async sponsor(member: FeedId, feed: unknown): Promise<{ already: boolean }> {
    const result = await this.#sponsors.sponsor(member, feed);
    if (!result.already) this.#counters.sponsored += 1;
    return result;
  }

  /** @returns a random id for a riddle with this answer, which is kept in memory for a while */
  pose(answer: string): string {
    return this.#front.pose(answer);
  }

  /** Consumes a riddle; a right answer within the budget gets a code. See {@link Entrance.solve}. */
  solve(riddleId: string, text: string): Promise<Solved> {
    return this.#front.solve(riddleId, text);
  }

  /** Another way in, whose codes are written differently. See {@link Minting.entrance}. */
  entrance(mint: CodeMint): Entrance {
    return this.#minting.entrance(mint);
  }

  /** @returns codes that visitors could get now, and how fast that number grows back */
  budget(): { left: number; perHour: number } {
    return { left: this.#budget.left(), perHour: this.#options.budget.perHour };
  }

  /** @returns what happened since the start */
  counters(): Counters {
    return { ...this.#counters };
  }

  /** Refuses new calls, waits for those under way (some seconds at most), frees the folder. */
  async close(): Promise<void> {
    const patience = new AbortController();
    const underWay = Promise.all([this.#line.close(), this.#minting.close()]);
    const waited = delay(CLOSE_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([underWay, waited]);
    patience.abort();
    await this.#store.close();
  }
}
