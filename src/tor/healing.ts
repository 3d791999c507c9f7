import { Backoff } from '../support/backoff.js';

/** What is done before the next visit, from the mildest to the gravest; `look` is nothing. */
export type Step = 'look' | 'reopen' | 'new-circuits' | 'reload' | 'restart';

/** How a visit went. */
export type Outcome =
  | { readonly kind: 'well' }
  /**
   * Not well, and why, in words: nothing came through Tor (`path`), another page than ours came
   * (`page`), the site's own socket does not answer (`door`), Tor is not published (`unpublished`).
   */
  | { readonly kind: 'path' | 'page' | 'door' | 'unpublished'; readonly why: string };

/** What comes next. */
export interface Plan {
  readonly waitMs: number;
  readonly step: Step;
}

/** Something the relay suffers from; known once a second visit in a row has failed. */
export interface Ailment {
  /** Of the first visit that failed, by the caller's clock, in milliseconds. */
  readonly since: number;
  readonly kind: 'path' | 'page' | 'door';
  readonly why: string;
  /** Nobody gets in, as far as can be told from here. */
  readonly shut: boolean;
}

/** How long it is waited for what, in milliseconds. Tests make them short. */
export interface HealingTimings {
  /** Between two visits that go well: at least, and at most. */
  readonly every: readonly [number, number];
  /** Before what has failed once already is tried again: at first, and at most. */
  readonly retry: readonly [number, number];
}

/** What one failure after the other is answered with; the last one again and again. */
const LADDER = ['new-circuits', 'reload', 'restart'] as const;

/**
 * Decides what follows a visit. It does nothing itself and knows no time but what it is told.
 *
 * One failure is chance: it is tried again at once. After that Tor gets new circuits, reads its
 * torrc again (which publishes anew), is restarted; each step is tried out by a visit before the
 * next one. What only a person can mend is looked at again, ever more seldom.
 */
export class Healing {
  readonly #timings: HealingTimings;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  #failures = 0;
  #rung = 0;
  #looked = false;
  #since = 0;
  #ailment: Ailment | undefined;

  /** @param random from 0 to below 1, as Math.random */
  constructor(timings: HealingTimings, random: () => number = Math.random) {
    this.#timings = timings;
    this.#random = random;
    this.#backoff = new Backoff(...timings.retry, random);
  }

  /** What the relay suffers from, if it does. */
  get ailment(): Ailment | undefined {
    return this.#ailment;
  }

  /**
   * @param outcome of the last visit
   * @param now milliseconds
   * @param othersCome whether visitors have come in since the last visit was judged: then the way
   *   in is open, though crowded perhaps, and nothing is done that would throw them out
   * @returns what comes next
   */
  judge(outcome: Outcome, now: number, othersCome: boolean): Plan {
    if (outcome.kind === 'well') return this.#well();
    this.#failures += 1;
    if (this.#failures === 1) this.#since = now;
    // A Tor that is not published tells so itself.
    else if (outcome.kind !== 'unpublished') {
      const { kind, why } = outcome;
      this.#ailment = { since: this.#since, kind, why, shut: this.#isShut(kind, othersCome) };
    }
    switch (outcome.kind) {
      case 'door':
        return { waitMs: this.#failures === 1 ? 0 : this.#backoff.next(), step: 'reopen' };
      case 'unpublished':
        // Directories keep a descriptor for hours: people may come in all the same.
        return othersCome
          ? this.#lookAgain()
          : this.#climb(Math.max(this.#rung, LADDER.length - 1));
      case 'page':
        return this.#lookAgain();
      case 'path':
        if (this.#failures === 1) return { waitMs: 0, step: 'look' };
        return othersCome && this.#rung > 0 ? this.#lookAgain() : this.#climb(this.#rung);
    }
  }

  #well(): Plan {
    this.#failures = 0;
    this.#rung = 0;
    this.#looked = false;
    this.#ailment = undefined;
    this.#backoff.reset();
    const [least, most] = this.#timings.every;
    return { waitMs: Math.round(least + this.#random() * (most - least)), step: 'look' };
  }

  /** A visit may fail by itself; when a restart has not helped and nobody came, it is the way in. */
  #isShut(kind: Ailment['kind'], othersCome: boolean): boolean {
    if (kind === 'door') return true;
    return kind === 'path' && this.#rung === LADDER.length && !othersCome;
  }

  #lookAgain(): Plan {
    return { waitMs: this.#failures === 1 ? 0 : this.#backoff.next(), step: 'look' };
  }

  /**
   * Each rung is taken at once when it is first reached. The last one is taken again and again,
   * each time after a pause and one more look: perhaps it is well by then.
   */
  #climb(rung: number): Plan {
    const step = LADDER[rung];
    this.#rung = Math.min(rung + 1, LADDER.length);
    if (step !== undefined) return { waitMs: 0, step };
    this.#looked = !this.#looked;
    return this.#looked
      ? { waitMs: this.#backoff.next(), step: 'look' }
      : { waitMs: 0, step: 'restart' };
  }
}
