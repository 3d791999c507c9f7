import { setTimeout as pause } from 'node:timers/promises';
import { Backoff } from '../support/backoff.js';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import type { TorTimings } from './timings.js';

/** One life of what is supervised. */
export interface Run {
  /** Resolves, never rejects, with the reason when it is over. */
  readonly ended: Promise<SnugError>;
  /** Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** Options of {@link Supervisor}. */
export interface SupervisorOptions<R extends Run> {
  /** Starts a life; leaves nothing behind when it rejects. */
  readonly launch: (signal: AbortSignal) => Promise<R>;
  /** Called with each life that began. A life that this rejects is ended. */
  readonly ready: (run: R) => Promise<void>;
  /** Called when a life ended or did not begin; the next try is `waitMs` away. */
  readonly lost: (error: SnugError, waitMs: number) => void;
  /** Called before each later try. */
  readonly retrying: () => void;
  readonly timings: Pick<TorTimings, 'retryFirst' | 'retryLongest' | 'stable'>;
}

/** A first start waits for these to pass; anything else needs a person. */
const PASSING = new Set(['TOR_LOCKED']);

function asSnugError(error: unknown): SnugError {
  if (error instanceof SnugError) return error;
  return new SnugError('TOR_FAILED', `Tor could not be started: ${messageOf(error)}`, {
    cause: error,
  });
}

/** Keeps one run alive: whenever it ends, starts another after an ever longer pause. */
export class Supervisor<R extends Run> {
  readonly #options: SupervisorOptions<R>;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #current: R | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions<R>) {
    this.#options = options;
    this.#backoff = new Backoff(options.timings.retryFirst, options.timings.retryLongest);
  }

  /** @returns the run, or undefined between two */
  get current(): R | undefined {
    return this.#current;
  }

  /**
   * Resolves when the first run is ready; from then on it is kept.
   *
   * @param signal gives up
   * @throws what the first launch threw, unless it is sure to pass
   */
  async start(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#stopping.signal]);
    const first = this.#launch(either, (error) => PASSING.has(codeOf(error) ?? ''));
    this.#work = first.then(
      (run) => this.#keep(run),
      () => {},
    );
    await first;
  }

  /** Resolves when no run and no timer is left. */
  async stop(): Promise<void> {
    this.#stopping.abort(new SnugError('TOR_STOPPED', 'Tor was stopped.'));
    await this.#current?.stop();
    await this.#work;
  }

  async #launch(signal: AbortSignal, passing: (error: unknown) => boolean): Promise<R> {
    for (;;) {
      try {
        return await this.#begin(signal);
      } catch (error) {
        if (signal.aborted || !passing(error)) throw error;
        const waitMs = this.#backoff.next();
        this.#options.lost(asSnugError(error), waitMs);
        await pause(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
        this.#options.retrying();
      }
    }
  }

  async #begin(signal: AbortSignal): Promise<R> {
    const run = await this.#options.launch(signal);
    try {
      signal.throwIfAborted();
      this.#current = run;
      await this.#options.ready(run);
      signal.throwIfAborted();
      return run;
    } catch (error) {
      this.#current = undefined;
      await run.stop();
      throw error;
    }
  }

  async #keep(first: R): Promise<void> {
    const { signal } = this.#stopping;
    let run = first;
    try {
      for (;;) {
        const why = await this.#outlive(run);
        signal.throwIfAborted();
        const waitMs = this.#backoff.next();
        this.#options.lost(why, waitMs);
        await pause(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
        this.#options.retrying();
        run = await this.#launch(signal, () => true);
      }
    } catch (error) {
      // Only stop() ends the loop; anything else is a fault of ours and must show.
      if (!signal.aborted) throw error;
    }
  }

  async #outlive(run: R): Promise<SnugError> {
    const stable = setTimeout(() => this.#backoff.reset(), this.#options.timings.stable).unref();
    const why = await run.ended;
    clearTimeout(stable);
    this.#current = undefined;
    await run.stop();
    return why;
  }
}
