import { randomBytes } from 'node:crypto';
import { messageOf, SnugError } from '../support/errors.js';
import type { Log } from '../support/log.js';
import type { Budget } from './budget.js';
import type { Counters } from './counters.js';
import { hashOf, type Invite, idOf } from './invite.js';
import type { Ledger } from './ledger.js';
import { MAX_LIFETIME_MS, MAX_WAITING } from './limits.js';
import { Mutex } from './mutex.js';
import type { CodeMint } from './ports.js';
import { Riddles, type Verdict } from './riddles.js';
import type { Store, Write } from './store.js';
import { checkedNote } from './text.js';

const DAY_MS = 86_400_000;

/** A fresh code. `expiresAt` in milliseconds since 1970. */
export interface NewInvite {
  readonly id: string;
  readonly code: string;
  readonly expiresAt: number;
}

/** What the operator may say of a new code. */
export interface InviteWish {
  /** For the operator's own list; never published. */
  readonly note?: string;
  /** How long it can be redeemed, in milliseconds, if not as long as configured. */
  readonly lifetimeMs?: number;
}

/** What came of an answer to a riddle. `gone`: unknown, expired or attempted before. */
export type Solved =
  | { outcome: 'code'; code: string; expiresAt: number }
  | { outcome: 'wrong' }
  | { outcome: 'gone' }
  | { outcome: 'over-budget'; retryAfterSeconds: number };

/** Where visitors ask for codes. */
export interface Entrance {
  /** @returns a random id for a riddle with this answer. See {@link Riddles.pose}. */
  pose(answer: string): string;
  /**
   * Consumes the riddle; a right answer takes one from the budget and gets a code, in one write.
   *
   * @param text what the visitor typed
   * @throws SnugError DESK_BUSY, DESK_CLOSED or the store's; then no code was made and none counted
   */
  solve(riddleId: string, text: string): Promise<Solved>;
}

/** What {@link Minting} works with. */
export interface MintingParts {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly budget: Budget;
  readonly counters: Counters;
  readonly mint: CodeMint;
  /** How long a code can be redeemed, in milliseconds. */
  readonly lifetimeMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Makes codes: for whoever solves a riddle, within the budget, and for the operator. */
export class Minting {
  readonly #parts: MintingParts;
  readonly #line = new Mutex(MAX_WAITING);

  constructor(parts: MintingParts) {
    this.#parts = parts;
  }

  /**
   * Makes a code for the operator, outside the visitors' budget.
   *
   * @throws SnugError BAD_NOTE, BAD_LIFETIME or the store's
   */
  async create(wish: InviteWish): Promise<NewInvite> {
    const note = checkedNote(wish.note, 'note');
    const lifetimeMs = wish.lifetimeMs ?? this.#parts.lifetimeMs;
    if (!Number.isInteger(lifetimeMs) || lifetimeMs < 1 || lifetimeMs > MAX_LIFETIME_MS) {
      throw new SnugError('BAD_LIFETIME', 'That is no lifetime for an invite.', {
        hint: `Give a time of more than nothing and at most ${MAX_LIFETIME_MS / DAY_MS} days.`,
      });
    }
    return this.#line.run(() => this.#mint(this.#parts.mint, { lifetimeMs, note }, []));
  }

  /**
   * @param mint writes the codes that are earned there
   * @returns a way in for visitors, with riddles of its own: a flood of riddles at one does not push
   *   out those of another. The budget is one for all.
   */
  entrance(mint: CodeMint): Entrance {
    const riddles = new Riddles();
    return {
      pose: (answer) => {
        this.#parts.counters.shown += 1;
        return riddles.pose(answer);
      },
      solve: (riddleId, text) => this.#solve(riddles.attempt(riddleId, text), mint),
    };
  }

  async #solve(verdict: Verdict, mint: CodeMint): Promise<Solved> {
    const { budget, counters, lifetimeMs } = this.#parts;
    if (verdict !== 'right') {
      counters[verdict] += 1;
      return { outcome: verdict };
    }
    counters.solved += 1;
    return this.#line.run(async () => {
      const draw = budget.draw();
      if ('retryAfterSeconds' in draw) {
        counters.overBudget += 1;
        return { outcome: 'over-budget', retryAfterSeconds: draw.retryAfterSeconds };
      }
      const { code, expiresAt } = await this.#mint(mint, { lifetimeMs }, [draw.write]);
      draw.done();
      return { outcome: 'code', code, expiresAt };
    });
  }

  /** Forgets old records. They are no reason to refuse anything, so trouble is only reported. */
  async prune(): Promise<void> {
    await this.#parts.ledger.prune().catch((error: unknown) => {
      this.#parts.log.warning(`old invites are not pruned: ${messageOf(error)}`);
    });
  }

  /** Refuses new calls. Resolves once those under way are settled. */
  close(): Promise<void> {
    return this.#line.close();
  }

  /** Stores a fresh code's hash together with `others`; only then does the code leave here. */
  async #mint(
    mint: CodeMint,
    { lifetimeMs, note }: { lifetimeMs: number; note?: string | undefined },
    others: Write[],
  ): Promise<NewInvite> {
    const { now, store, ledger, counters } = this.#parts;
    const { key, code } = mint(randomBytes(32));
    const hash = hashOf(key);
    const createdAt = now();
    const expiresAt = createdAt + lifetimeMs;
    const written = note === undefined ? {} : { note };
    const invite: Invite = { state: 'open', createdAt, expiresAt, ...written };
    await store.commit([...others, ledger.put(hash, invite)]);
    counters.minted += 1;
    await this.prune();
    return { id: idOf(hash), code, expiresAt };
  }
}
