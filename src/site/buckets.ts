import { LRUCache } from 'lru-cache';

/** Visitors remembered at once; an older one starts afresh, which favours the visitor. */
const REMEMBERED = 10_000;
const MINUTE_MS = 60_000;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** A token bucket for each visitor, in memory only. Taking more than there is leads into debt. */
export class Buckets<Key extends string | number> {
  readonly #buckets = new LRUCache<Key, Bucket>({ max: REMEMBERED });
  readonly #perMinute: number;
  readonly #now: () => number;

  /**
   * @param perMinute tokens in a full bucket, and as many a minute to refill it
   * @param now milliseconds
   */
  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** @returns the tokens left once one is taken: below zero is debt, of a minute's share at most */
  take(key: Key): number {
    const now = this.#now();
    const known = this.#buckets.get(key) ?? { tokens: this.#perMinute, filledAt: now };
    const gained = (Math.max(0, now - known.filledAt) * this.#perMinute) / MINUTE_MS;
    const filled = Math.min(this.#perMinute, known.tokens + gained);
    const tokens = Math.max(filled - 1, -this.#perMinute - 1);
    this.#buckets.set(key, { tokens, filledAt: now });
    return tokens;
  }

  /** @returns seconds until a visitor with so many tokens, below zero, may go on */
  secondsUntilServed(tokens: number): number {
    return Math.ceil(((1 - tokens) * 60) / this.#perMinute);
  }
}
