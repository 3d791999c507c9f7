import type { Socket } from 'node:net';
import type { CircuitInfo } from '../support/proxy-line.js';
import { Buckets } from './buckets.js';

/** What to do with a request: serve it, ask for patience, or hang up. */
export type Verdict =
  | { kind: 'serve' }
  | { kind: 'wait'; retryAfterSeconds: number }
  | { kind: 'hang-up'; circuit: number | undefined };

/**
 * A token bucket for each circuit. Who goes on although told to wait gets into debt, as deep as a
 * whole minute's share; from there on the connection and its circuit are closed.
 */
export class CircuitLimits {
  readonly #sockets = new WeakMap<Socket, CircuitInfo>();
  readonly #buckets: Buckets<number>;
  readonly #perMinute: number;

  /**
   * @param perMinute requests that one circuit may make, at once or spread
   * @param now milliseconds
   */
  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute;
    this.#buckets = new Buckets(perMinute, now);
  }

  /** Remembers whose connection this is, as Tor's PROXY line said. */
  admit(socket: Socket, from: CircuitInfo): void {
    this.#sockets.set(socket, from);
  }

  /** @returns the verdict on one more request of this connection; it is counted either way */
  judge({ socket }: { readonly socket: Socket }): Verdict {
    const from = this.#sockets.get(socket);
    if (from === undefined) return { kind: 'hang-up', circuit: undefined };
    const tokens = this.#buckets.take(from.circuit);
    if (tokens >= 0) return { kind: 'serve' };
    if (tokens < -this.#perMinute) return { kind: 'hang-up', circuit: from.circuit };
    return { kind: 'wait', retryAfterSeconds: this.#buckets.secondsUntilServed(tokens) };
  }
}
