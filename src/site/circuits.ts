import type { Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { CircuitInfo } from '../support/proxy-line.js';

/** Circuits remembered at once; an older one starts afresh, which favours the visitor. */
const REMEMBERED = 10_000;
const MINUTE_MS = 60_000;

/** What to do with a request: serve it, ask for patience, or hang up. */
export type Verdict =
  | { kind: 'serve' }
  | { kind: 'wait'; retryAfterSeconds: number }
  | { kind: 'hang-up'; circuit: number | undefined };

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * A token bucket for each circuit. Who goes on although told to wait gets into debt, as deep as a
 * whole minute's share; from there on the connection and its circuit are closed.
 */
export class CircuitLimits {
  readonly #sockets = new WeakMap<Socket, CircuitInfo>();
  readonly #buckets = new LRUCache<number, Bucket>({ max: REMEMBERED });
  readonly #perMinute: number;
  readonly #now: () => number;

  /**
   * @param perMinute requests that one circuit may make, at once or spread
   * @param now milliseconds
   */
  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Remembers whose connection this is, as Tor's PROXY line said. */
  admit(socket: Socket, from: CircuitInfo): void {
    this.#sockets.set(socket, from);
  }

  /** @returns the verdict on one more request of this connection; it is counted either way */
  judge(socket: Socket): Verdict {
    const from = this.#sockets.get(socket);
    if (from === undefined) return { kind: 'hang-up', circuit: undefined };
    const bucket = this.#fill(from.circuit);
    bucket.tokens = Math.max(bucket.tokens - 1, -this.#perMinute - 1);
    if (bucket.tokens >= 0) return { kind: 'serve' };
    if (bucket.tokens < -this.#perMinute) return { kind: 'hang-up', circuit: from.circuit };
    const missing = 1 - bucket.tokens;
    return { kind: 'wait', retryAfterSeconds: Math.ceil((missing * 60) / this.#perMinute) };
  }

  #fill(circuit: number): Bucket {
    const now = this.#now();
    const known = this.#buckets.get(circuit) ?? { tokens: this.#perMinute, filledAt: now };
    const gained = (Math.max(0, now - known.filledAt) * this.#perMinute) / MINUTE_MS;
    const bucket = { tokens: Math.min(this.#perMinute, known.tokens + gained), filledAt: now };
    this.#buckets.set(circuit, bucket);
    return bucket;
  }
}
