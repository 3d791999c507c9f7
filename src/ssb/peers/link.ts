import { Backoff } from '../../support/backoff.js';
import type { Clock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import { addressOf, type PeerPlan, type PeerState, type PeerStatus } from './plan.js';
import { LOST, NO_ANSWER, whyNot } from './words.js';

/** How long a link waits for what, in milliseconds. */
export interface LinkTimings {
  /** Before the second attempt: an onion that was there a moment ago needs its time to be found. */
  readonly retryFirst: number;
  /** Before any later one, at most; up to half of a pause comes on top by chance. */
  readonly retryLongest: number;
  /** For one attempt: longer than SOCKS and the handshake have, so for what should not happen. */
  readonly attempt: number;
  /** A connection that stood this long was sound: the pauses start from the shortest again. */
  readonly stable: number;
}

const MINUTE_MS = 60_000;

export const LINK_TIMINGS: LinkTimings = {
  retryFirst: MINUTE_MS,
  retryLongest: 20 * MINUTE_MS,
  attempt: 5 * MINUTE_MS,
  stable: 10 * MINUTE_MS,
};

/** What a {@link Link} works with. */
export interface LinkOptions {
  readonly plan: PeerPlan;
  /** Makes a connection; the link learns of it by {@link Link.opened}. */
  readonly dial: (address: string) => Promise<unknown>;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly timings: LinkTimings;
  readonly log: Log;
}

/**
 * Keeps one listed relay connected: dials it while there is no connection, in either direction,
 * with ever longer pauses. Two relays that list each other and lose each other at the same moment
 * would dial in step, so that each pause is a little different.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  #online = false;
  #banned = false;
  #dialling = false;
  #since: number | undefined;
  #nextTry: number | undefined;
  #lastError: string | undefined;
  #cancel: () => void = () => undefined;

  constructor(options: LinkOptions) {
    const { timings, random } = options;
    this.#options = options;
    this.#backoff = new Backoff(timings.retryFirst, timings.retryLongest, random);
  }

  /**
   * @param online whether Tor can reach others; what came before is forgotten then
   * @param delay before the first attempt, in milliseconds
   */
  setOnline(online: boolean, delay = 0): void {
    if (online === this.#online) return;
    this.#online = online;
    this.#backoff.reset();
    this.#plan(delay);
  }

  /** @param banned whether the operator bans the relay: it is not dialled then */
  setBanned(banned: boolean): void {
    if (banned === this.#banned) return;
    this.#banned = banned;
    this.#plan(0);
  }

  /** There is a connection, whoever made it. */
  opened(): void {
    if (this.#since === undefined) this.#options.log.info(`${this.#who} is connected.`);
    this.#since ??= this.#options.clock.now();
    this.#lastError = undefined;
    this.#plan(0);
  }

  /** There is no connection any more. */
  closed(): void {
    if (this.#since === undefined) return;
    const { clock, timings, log } = this.#options;
    if (clock.now() - this.#since >= timings.stable) this.#backoff.reset();
    this.#since = undefined;
    this.#lastError = LOST;
    log.info(`${this.#who}: ${LOST}.`);
    if (!this.#dialling) this.#plan(this.#pause());
  }

  stop(): void {
    this.setOnline(false);
  }

  /** @returns how it is with the relay now */
  status(): PeerStatus {
    const { plan } = this.#options;
    return {
      name: plan.name,
      id: plan.id,
      address: addressOf(plan),
      state: this.#state(),
      ...(this.#since === undefined ? {} : { since: this.#since }),
      ...(this.#nextTry === undefined ? {} : { nextTry: this.#nextTry }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  get #who(): string {
    const { name, id } = this.#options.plan;
    return `The relay ${name ?? id}`;
  }

  #state(): PeerState {
    if (this.#banned) return 'banned';
    if (this.#since !== undefined) return 'connected';
    if (!this.#online) return 'offline';
    return this.#dialling ? 'dialling' : 'waiting';
  }

  /** Half of the pause again, by chance. */
  #pause(): number {
    return Math.round(this.#backoff.next() * (1 + this.#options.random() / 2));
  }

  /** Dials after this long, unless nothing is to be dialled. */
  #plan(delay: number): void {
    const { clock } = this.#options;
    this.#cancel();
    this.#cancel = () => undefined;
    this.#nextTry = undefined;
    const wanted = this.#online && !this.#banned && this.#since === undefined;
    if (!wanted || this.#dialling) return;
    this.#nextTry = clock.now() + delay;
    this.#cancel = clock.after(delay, () => void this.#dial());
  }

  async #dial(): Promise<void> {
    this.#nextTry = undefined;
    this.#dialling = true;
    const failure = await this.#attempt();
    this.#dialling = false;
    if (this.#since !== undefined) return;
    this.#lastError = failure;
    this.#options.log.debug(`${this.#who}: ${this.#lastError}.`);
    this.#plan(this.#pause());
  }

  /** @returns why there is no connection then, if there is none */
  async #attempt(): Promise<string> {
    const { clock, dial, plan, timings } = this.#options;
    let cancel: () => void = () => undefined;
    const late = new Promise<string>((resolve) => {
      cancel = clock.after(timings.attempt, () => resolve(NO_ANSWER));
    });
    const outcome = dial(addressOf(plan)).then(() => LOST, whyNot);
    const failure = await Promise.race([outcome, late]);
    cancel();
    return failure;
  }
}
