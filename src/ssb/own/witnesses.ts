import type { Peer } from 'ssb-server';
import type { Clock } from '../../support/clock.js';

/** At a time; they are strangers. */
const MOST_WITNESSES = 16;
/** How long one of them may stay. */
const STAY_MS = 60_000;

/**
 * Strangers who are let in while the relay waits for its own feed. Whoever became a member after
 * the backup is a stranger to the restored relay, and may be the only one who holds its newest
 * messages. They may call nothing; they are asked, and sent away.
 */
export class Witnesses {
  readonly #clock: Clock;
  /** Until when each is given up if it is not gone. */
  readonly #admitted = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns whether there is a place for it */
  admit(id: string): boolean {
    const now = this.#clock.now();
    for (const [other, until] of this.#admitted) if (now > until) this.#admitted.delete(other);
    if (this.#admitted.size >= MOST_WITNESSES && !this.#admitted.has(id)) return false;
    // Some are admitted and never connect; a stay begins later and is shorter than this.
    this.#admitted.set(id, now + 2 * STAY_MS);
    return true;
  }

  has(id: string): boolean {
    return this.#admitted.has(id);
  }

  /** Ends its visit when it is over, whatever has come of it. */
  limit(peer: Peer): void {
    const stop = this.#clock.after(STAY_MS, () => peer.close(true));
    peer.once('closed', stop);
  }

  left(id: string): void {
    this.#admitted.delete(id);
  }
}
