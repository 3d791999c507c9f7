import type { Clock } from '../support/clock.js';
import { codeOf, messageOf } from '../support/errors.js';
import type { Service } from '../support/lifecycle.js';
import type { Log } from '../support/log.js';
import { type Ailment, Healing, type HealingTimings, type Outcome, type Step } from './healing.js';
import type { TorStatus } from './status.js';
import { ailmentInWords, minutesInWords } from './visit-words.js';

/** How long is waited for what, in milliseconds. */
export interface VisitTimings extends HealingTimings {
  /** From being published to the first visit. */
  readonly first: number;
  /** For a step to begin to show. */
  readonly settle: number;
  /** For Tor to be published, before it is restarted for that alone. */
  readonly patience: number;
  /** For one visit. */
  readonly deadline: number;
}

const MINUTE = 60_000;

export const VISIT_TIMINGS: VisitTimings = {
  first: MINUTE,
  settle: 5_000,
  // A slow line needs minutes to get into the network; a restart would only throw it back.
  patience: 30 * MINUTE,
  deadline: 2 * MINUTE,
  every: [10 * MINUTE, 20 * MINUTE],
  retry: [5 * MINUTE, 60 * MINUTE],
};

/** What is visited, and what can be mended. */
export interface SelfVisitsOptions {
  readonly tor: {
    status(): Pick<TorStatus, 'state'>;
    onChange(listener: () => void): () => void;
    newCircuits(): Promise<void>;
    reload(): Promise<void>;
    restart(): Promise<void>;
  };
  /** @throws SnugError VISIT_PAGE, or anything that says why nothing came through */
  readonly visit: (signal: AbortSignal) => Promise<void>;
  /** The site's own socket: whether it answers without Tor, and how it is opened anew. */
  readonly door: { answers(): Promise<boolean>; reopen(): Promise<void> };
  /** @returns how often others came in through Tor so far; it only grows */
  readonly visitors: () => number;
  /** A steady one. */
  readonly clock: Clock;
  readonly timings: VisitTimings;
  readonly log: Log;
  /** From 0 to below 1; Math.random unless given. */
  readonly random?: () => number;
}

/** What `snug status` shows of the visits. */
export interface VisitsStatus {
  /** Seconds since the last one that went well. */
  readonly lastWellSeconds?: number;
  /** Since the start. */
  readonly well: number;
  readonly failed: number;
  /** Why the relay cannot reach itself, told once a second visit has failed too. */
  readonly ailment?: {
    readonly what: string;
    readonly hint: string;
    readonly seconds: number;
    readonly shut: boolean;
  };
}

/**
 * The relay visits itself: from time to time it fetches its own page through Tor as a visitor
 * would, and when that fails it heals what it can, step by step ({@link Healing}).
 */
export class SelfVisits implements Service {
  readonly #options: SelfVisitsOptions;
  readonly #healing: Healing;
  readonly #ending = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #lastWell: number | undefined;
  #well = 0;
  #failed = 0;
  #visitorsBefore = 0;

  constructor(options: SelfVisitsOptions) {
    this.#options = options;
    this.#healing = new Healing(options.timings, options.random);
  }

  /** Begins to wait for the first visit. */
  async start(): Promise<void> {
    this.#work = this.#run(this.#ending.signal);
  }

  async stop(): Promise<void> {
    this.#ending.abort(new Error('the visits are over'));
    await this.#work;
  }

  /** @returns a snapshot */
  status(): VisitsStatus {
    const now = this.#options.clock.now();
    const seconds = (since: number) => Math.max(0, Math.round((now - since) / 1000));
    const { ailment } = this.#healing;
    const told = ailment && {
      ...ailmentInWords(ailment),
      seconds: seconds(ailment.since),
      shut: ailment.shut,
    };
    return {
      ...(this.#lastWell === undefined ? {} : { lastWellSeconds: seconds(this.#lastWell) }),
      well: this.#well,
      failed: this.#failed,
      ...(told === undefined ? {} : { ailment: told }),
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      for (let plan = { waitMs: 0, step: 'look' as Step }; ; ) {
        await this.#rest(plan.waitMs, plan.step === 'look');
        await this.#take(plan.step);
        plan = this.#judge(await this.#look(signal));
      }
    } catch (error) {
      if (!signal.aborted) this.#options.log.error(`No more self-visits: ${messageOf(error)}`);
    }
  }

  #judge(outcome: Outcome) {
    const { clock, visitors, log } = this.#options;
    const { ailment: before } = this.#healing;
    if (outcome.kind === 'well') {
      this.#well += 1;
      this.#lastWell = clock.now();
    } else {
      this.#failed += 1;
      log.debug(`A visit of the relay to itself failed (${outcome.kind}): ${outcome.why}`);
    }
    const seen = visitors();
    const plan = this.#healing.judge(outcome, clock.now(), seen > this.#visitorsBefore);
    this.#visitorsBefore = seen;
    this.#tell(before, this.#healing.ailment);
    return plan;
  }

  /** Once when it is ill and once when it is well again, however many steps lie between. */
  #tell(before: Ailment | undefined, after: Ailment | undefined): void {
    const { log, clock } = this.#options;
    if (after !== undefined && after.kind !== before?.kind) {
      const { what, hint } = ailmentInWords(after);
      log.warning(`${what} ${hint}`);
    }
    if (before === undefined || after !== undefined) return;
    log.info(
      `The relay reaches itself again, after ${minutesInWords(clock.now() - before.since)}.`,
    );
  }

  async #take(step: Step): Promise<void> {
    if (step === 'look') return;
    const { tor, door, log, timings } = this.#options;
    log.debug(`A step to heal: ${step}`);
    const steps = {
      reopen: () => door.reopen(),
      'new-circuits': () => tor.newCircuits(),
      reload: () => tor.reload(),
      restart: () => tor.restart(),
    };
    await steps[step]().catch((error: unknown) => {
      log.debug(`The step "${step}" failed: ${messageOf(error)}`);
    });
    await this.#pause(timings.settle);
  }

  async #look(signal: AbortSignal): Promise<Outcome> {
    const { visit, door, timings } = this.#options;
    if (!this.#published()) {
      // Who came while it was published says nothing of now.
      this.#visitorsBefore = this.#options.visitors();
      await this.#until(timings.patience, () => this.#published());
      if (!this.#published()) return { kind: 'unpublished', why: 'Tor is not published.' };
      await this.#pause(timings.first);
    }
    try {
      await visit(signal);
      return { kind: 'well' };
    } catch (error) {
      signal.throwIfAborted();
      const why = messageOf(error);
      if (codeOf(error) === 'VISIT_PAGE') return { kind: 'page', why };
      return { kind: (await door.answers()) ? 'path' : 'door', why };
    }
  }

  #published(): boolean {
    return this.#options.tor.status().state === 'published';
  }

  /** @param early ends it when Tor is not published any more: what comes after is worth a visit */
  #rest(ms: number, early: boolean): Promise<void> {
    return this.#until(ms, () => early && !this.#published());
  }

  #pause(ms: number): Promise<void> {
    return this.#until(ms, () => false);
  }

  /** Resolves when Tor's status makes it so, or after that time; rejects when the visits end. */
  #until(ms: number, isSo: () => boolean): Promise<void> {
    const { tor, clock } = this.#options;
    const { signal } = this.#ending;
    return new Promise((resolve, reject) => {
      const done = () => {
        cancel();
        off();
        signal.removeEventListener('abort', done);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      const cancel = clock.after(ms, done);
      const off = tor.onChange(() => {
        if (isSo()) done();
      });
      signal.addEventListener('abort', done);
      if (signal.aborted || isSo()) done();
    });
  }
}
