import { setTimeout as delay } from 'node:timers/promises';
import type { FeedId } from '../support/feed-id.js';
import { type BanSummary, Bans } from './bans.js';
import { Budget } from './budget.js';
import { type Counters, newCounters } from './counters.js';
import type { DeskOptions } from './desk-options.js';
import { Doubt } from './doubt.js';
import { hashOf, type InviteSummary, idOf } from './invite.js';
import { Ledger } from './ledger.js';
import { CLOSE_PATIENCE_MS, MAX_WAITING } from './limits.js';
import { type Entrance, type InviteWish, Minting, type NewInvite, type Solved } from './minting.js';
import { Mutex } from './mutex.js';
import { type Origin, originsOf } from './origins.js';
import type { CodeMint, Graph } from './ports.js';
import { beginDoubt, catchUp, type OwnNews, type Records, reconcile } from './reconcile.js';
import { Redemptions } from './redemption.js';
import { Removals, type Removed } from './removals.js';
import { Sponsors } from './sponsors.js';
import { type LedgerRecord, Store } from './store.js';

export type {
  BanSummary,
  CodeMint,
  Counters,
  DeskOptions,
  Entrance,
  Graph,
  InviteSummary,
  InviteWish,
  NewInvite,
  Origin,
  Removed,
  Solved,
};

/** What is read before the desk is there. */
interface Loaded {
  readonly store: Store;
  readonly budget: Budget;
  readonly bans: Bans;
  readonly removals: Removals;
  readonly line: Mutex;
}

/**
 * The only authority on invite codes: makes them, redeems them once, counts the visitors' budget
 * and keeps the bans. Only hashes of codes are stored.
 */
export class InviteDesk {
  readonly #options: DeskOptions;
  readonly #store: Store;
  readonly #records: Records;
  readonly #budget: Budget;
  readonly #minting: Minting;
  readonly #front: Entrance;
  readonly #counters = newCounters();

  private constructor(options: DeskOptions, loaded: Loaded) {
    const { graph, now, maySponsor } = options;
    const { store, budget, bans, removals, line } = loaded;
    this.#options = options;
    this.#store = store;
    this.#budget = budget;
    const ledger = new Ledger(store, now);
    const redemptions = new Redemptions({ store, ledger, bans, removals, graph, line, now });
    const sponsors = new Sponsors({ store, bans, removals, graph, line, maySponsor });
    const doubt = new Doubt(store);
    this.#records = { ledger, bans, removals, redemptions, sponsors, doubt, line, now };
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
      const { graph, now } = options;
      const removals = await Removals.load({ store, graph, line, now });
      const bans = await Bans.load({ store, graph, removals, line, now });
      const budget = await Budget.load(store, options.budget, now);
      const desk = new InviteDesk(options, { store, budget, bans, removals, line });
      await desk.#minting.prune();
      return desk;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /**
   * Makes the log say what the desk has promised, after a crash or a restored backup: every ban is
   * a block, every lifted ban is none, whoever was removed is not followed, whoever else redeemed a
   * code or was sponsored is followed unless banned. Call it once the relay is up, before strangers
   * are let in.
   *
   * @throws SnugError RECONCILE_INCOMPLETE when some could not be completed; the rest are
   */
  reconcile(): Promise<void> {
    return reconcile(this.#records);
  }

  /** The records come from a backup: what is done from now on is newer. See {@link beginDoubt}. */
  beginDoubt(): Promise<void> {
    return beginDoubt(this.#records);
  }

  /** Takes over what the relay's own feed says that the records are too old to know. See {@link catchUp}. */
  catchUp(news: OwnNews): Promise<void> {
    return catchUp(this.#records, news);
  }

  /** @returns everything that is stored, as of one moment, for {@link importLedger} */
  export(): Promise<LedgerRecord[]> {
    return this.#store.records();
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
      const result = await this.#records.redemptions.redeem(codeKey, feed);
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
    return this.#records.ledger.isRedeemable(hashOf(codeKey));
  }

  /** @returns the codes not yet pruned, newest first, never the codes themselves */
  list(): Promise<InviteSummary[]> {
    return this.#records.ledger.list();
  }

  /**
   * @param id of the code, or its first digits (at least 4)
   * @returns the code as it now stands
   * @throws SnugError NO_SUCH_INVITE, AMBIGUOUS_INVITE, INVITE_REDEEMED or the store's
   */
  revoke(id: string): Promise<InviteSummary> {
    return this.#records.line.run(() => this.#records.ledger.revoke(id));
  }

  /** Shuts a feed out, also one in the middle of redeeming. See {@link Bans.ban}. */
  ban(feed: FeedId, reason?: string): Promise<void> {
    return this.#records.bans.ban(feed, reason);
  }

  /** Lifts a ban; a feed that was followed is followed again. See {@link Bans.unban}. */
  unban(feed: FeedId): Promise<void> {
    return this.#records.bans.unban(feed);
  }

  /** Ends a membership until the feed comes with a new code. See {@link Removals.remove}. */
  remove(feed: FeedId, withGuests: boolean): Promise<Removed> {
    return this.#records.removals.remove(feed, withGuests, this.#records.sponsors);
  }

  /** @returns how feeds came here, as far as that is on record. See {@link originsOf}. */
  origins(feeds: readonly FeedId[]): Promise<Map<FeedId, Origin>> {
    const { ledger, sponsors, removals } = this.#records;
    return originsOf(feeds, ledger, sponsors, removals);
  }

  /** @returns the bans in force, newest first */
  bans(): BanSummary[] {
    return this.#records.bans.list();
  }

  /** @returns whether a ban on this feed is in force; from memory, cheap */
  isBanned(feed: FeedId): boolean {
    return this.#records.bans.has(feed);
  }

  /** A member asks the relay to follow another feed. See {@link Sponsors.sponsor}. */
  async sponsor(member: FeedId, feed: unknown): Promise<{ already: boolean }> {
    const result = await this.#records.sponsors.sponsor(member, feed);
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
    const underWay = Promise.all([this.#records.line.close(), this.#minting.close()]);
    const waited = delay(CLOSE_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([underWay, waited]);
    patience.abort();
    await this.#store.close();
  }
}
