import * as v from 'valibot';
import { MAX_RETRY_SECONDS } from './limits.js';
import type { Store, Write } from './store.js';
import { Table } from './table.js';

const KEY = 'visitors';
const HOUR_MS = 3_600_000;
/** Refills are sums of fractions: 0.9999999 of a token is one. */
const EPSILON = 1e-6;

const bucketSchema = v.object({
  tokens: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** When that many tokens were in it, milliseconds since 1970. */
  at: v.pipe(v.number(), v.finite()),
});
type Bucket = v.InferOutput<typeof bucketSchema>;

/** How many codes the riddles may yield: `burst` at once, refilled with `perHour`. */
export interface Rate {
  readonly perHour: number;
  readonly burst: number;
}

/** What {@link Budget.draw} answers. Commit `write` with the code, then call `done`. */
export type Draw = { readonly write: Write; done(): void } | { readonly retryAfterSeconds: number };

/**
 * A token bucket for the whole relay that survives a restart. The wall clock may jump: ahead, it
 * fills the bucket and no more; back, counting goes on from the new time with what there is.
 */
export class Budget {
  readonly #table: Table<Bucket>;
  readonly #rate: Rate;
  readonly #now: () => number;
  #bucket: Bucket;

  private constructor(table: Table<Bucket>, rate: Rate, now: () => number, bucket: Bucket) {
    this.#table = table;
    this.#rate = rate;
    this.#now = now;
    this.#bucket = bucket;
  }

  /**
   * @param now milliseconds since 1970
   * @returns the budget as it was left; a full one at the first start
   * @throws SnugError STATE_DAMAGED and others of the store
   */
  static async load(store: Store, rate: Rate, now: () => number): Promise<Budget> {
    const table = new Table(store, 'budget', bucketSchema);
    const stored = await table.get(KEY);
    const budget = new Budget(table, rate, now, stored ?? { tokens: rate.burst, at: now() });
    // Kept with a time in the future, it would begin anew at every start and never refill.
    if (stored !== undefined && stored.at > now()) {
      await store.commit([table.put(KEY, budget.#refilled())]);
    }
    return budget;
  }

  /** @returns whole tokens that could be taken now */
  left(): number {
    return Math.floor(this.#refilled().tokens + EPSILON);
  }

  /** @returns how to take one token, or in how many seconds there is one. Call it under a lock. */
  draw(): Draw {
    const { tokens, at } = this.#refilled();
    if (tokens + EPSILON < 1) return { retryAfterSeconds: this.#secondsUntilOne(tokens) };
    const after = { tokens: Math.max(0, tokens - 1), at };
    return {
      write: this.#table.put(KEY, after),
      done: () => {
        this.#bucket = after;
      },
    };
  }

  #refilled(): Bucket {
    const now = this.#now();
    const elapsed = Math.max(0, now - this.#bucket.at);
    const refill = (elapsed * this.#rate.perHour) / HOUR_MS;
    const tokens = Math.min(this.#rate.burst, this.#bucket.tokens + refill);
    this.#bucket = { tokens, at: now };
    return this.#bucket;
  }

  #secondsUntilOne(tokens: number): number {
    const seconds = Math.ceil(((1 - tokens) * HOUR_MS) / this.#rate.perHour / 1000);
    return Math.min(MAX_RETRY_SECONDS, Math.max(1, seconds));
  }
}
