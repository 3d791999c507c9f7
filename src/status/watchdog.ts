import { messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import type { Notify } from './notify.js';

/** What the service manager is told about. */
export interface Watched {
  /** Resolves when every room that can hang has answered; rejects with which has not. */
  alive(): Promise<void>;
  /** How the relay is, in one line. */
  inShort(): string;
  /** @returns ends it */
  onChange(listener: () => void): () => void;
}

/** Options of {@link Watchdog}. */
export interface WatchdogOptions {
  readonly watched: Watched;
  readonly notify: Notify;
  readonly log: Log;
  /** Between two signs of life, and between two messages at least, in milliseconds. */
  readonly everyMs: number;
  readonly gapMs: number;
  /** For all rooms to answer. */
  readonly answerMs: number;
}

/** A third of what systemd allows, at most half a minute: two may get lost. */
export function patienceOf(
  periodMs: number | undefined,
): Pick<WatchdogOptions, 'everyMs' | 'gapMs' | 'answerMs'> {
  const everyMs = Math.min(30_000, (periodMs ?? 90_000) / 3);
  return { everyMs, gapMs: Math.min(2000, everyMs), answerMs: Math.min(20_000, everyMs) };
}

/**
 * Tells systemd that the relay is up, how it is, and, again and again, that it is alive: the event
 * loop by running this at all, the rooms by answering. When one does not, systemd is told nothing,
 * and starts the relay anew once its patience is over.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => undefined;
  #said: string | undefined;
  #stopped = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** The relay is up: from here on systemd expects signs of life. */
  async start(): Promise<void> {
    const { watched, notify } = this.#options;
    this.#said = watched.inShort();
    await this.#send(() => notify({ ready: true, alive: true, status: this.#said ?? '' }));
    if (this.#stopped) return;
    this.#unsubscribe = watched.onChange(() => this.#tellSoon());
    this.#next();
    this.#tellSoon();
  }

  /** No message and no timer after this. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
  }

  #next(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(
      () => void this.#look().then(() => this.#next()),
      this.#options.everyMs,
    );
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { watched, notify, log, answerMs } = this.#options;
    let late: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('a room does not answer')), answerMs);
    });
    try {
      await Promise.race([watched.alive(), deadline]);
    } catch (error) {
      log.warning(`No sign of life for systemd: ${messageOf(error)}.`);
      return;
    } finally {
      clearTimeout(late);
    }
    if (!this.#stopped) await this.#send(() => notify({ alive: true }));
  }

  /** Changes come in flocks; the last of one counts. */
  #tellSoon(): void {
    if (this.#stopped || this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      void this.#tell();
    }, this.#options.gapMs).unref();
  }

  async #tell(): Promise<void> {
    const status = this.#options.watched.inShort();
    if (status === this.#said) return;
    this.#said = status;
    await this.#send(() => this.#options.notify({ status }));
  }

  async #send(send: () => Promise<void>): Promise<void> {
    await send().catch((error: unknown) => {
      this.#options.log.warning(`systemd could not be told: ${messageOf(error)}`);
    });
  }
}
