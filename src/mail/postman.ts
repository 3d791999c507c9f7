import { Backoff } from '../support/backoff.js';
import type { Clock } from '../support/clock.js';
import { codeOf, hintOf, messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import type { StampedLetter } from './letter.js';
import {
  DAY,
  DEFERRED_PAUSE,
  LONGEST_WAIT,
  LOOK_AGAIN,
  MOST_REFUSALS,
  MOST_UNSURE,
  REFUSED_PAUSE,
  RETRY_FIRST,
  RETRY_LONGEST,
  STOP_PATIENCE,
} from './limits.js';
import type { Notes } from './notes.js';
import type { Queue, QueuedLetter } from './queue.js';

/** What the postman needs. */
export interface PostmanOptions {
  readonly queue: Queue;
  readonly notes: Notes;
  /** Resolves once the server has taken the letter. */
  readonly send: (letter: StampedLetter, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Why mail does not go out; the time is in milliseconds since 1970. */
export interface MailTrouble {
  readonly at: number;
  readonly text: string;
  readonly hint: string | undefined;
}

/** Carries letters from the queue to the server, one after the other, while Tor is on line. */
export class Postman {
  readonly #options: PostmanOptions;
  readonly #backoff = new Backoff(RETRY_FIRST, RETRY_LONGEST);
  readonly #stopping = new AbortController();
  #online = false;
  #round: Promise<void> | undefined;
  /** Ends the wait for the next round. */
  #cancel: () => void = () => undefined;
  /** The server takes nothing: until that wait is over, a new letter waits too. */
  #holding = false;
  #trouble: MailTrouble | undefined;

  constructor(options: PostmanOptions) {
    this.#options = options;
  }

  /** @returns what went wrong last, until something goes right */
  get trouble(): MailTrouble | undefined {
    return this.#trouble;
  }

  /** @param online whether Tor carries connections; when it begins to, what waits is sent */
  setOnline(online: boolean): void {
    this.#online = online;
    if (online) this.retry();
  }

  /** The server may take mail again: tries at once what waits. */
  retry(): void {
    this.#backoff.reset();
    this.#holding = false;
    this.wake();
  }

  /** Something is in the queue. */
  wake(): void {
    if (!this.#online || this.#holding || this.#stopping.signal.aborted) return;
    this.#round ??= this.#makeRound()
      // A fault of ours in mail must not end the relay.
      .catch((error: unknown) => this.#faulted(error))
      .finally(() => {
        this.#round = undefined;
        this.#waitAgain();
      });
  }

  /** @param error of a session; noted for the operator */
  failed(error: unknown): void {
    const { clock, log } = this.#options;
    const text = messageOf(error);
    if (this.#trouble?.text !== text) log.warning(text);
    this.#trouble = { at: clock.now(), text, hint: hintOf(error) };
  }

  /** @param own whether the relay sent it of its own accord */
  succeeded(own: boolean): void {
    this.#trouble = undefined;
    this.#options.notes.mailSent(this.#options.clock.now(), own);
  }

  /** Ends; a session under way may finish within some seconds, so that nothing is sent twice. */
  async stop(): Promise<void> {
    this.#online = false;
    this.#cancel();
    const giveUp = this.#options.clock.after(STOP_PATIENCE, () => this.#stopping.abort());
    await this.#round;
    giveUp();
    this.#stopping.abort();
    this.#cancel();
  }

  async #makeRound(): Promise<void> {
    this.#cancel();
    for (let letter = this.#next(); letter !== undefined; letter = this.#next()) {
      if (!(await this.#deliver(letter))) return;
    }
  }

  #faulted(error: unknown): void {
    this.#holding = true;
    this.#options.log.error(`Mail failed: ${messageOf(error)}`);
  }

  #waitAgain(): void {
    if (this.#stopping.signal.aborted || this.#options.queue.size === 0) return;
    // One that was put there while the round ended.
    if (!this.#holding && this.#next() !== undefined) {
      this.wake();
      return;
    }
    const ms = this.#holding ? this.#backoff.next() : LOOK_AGAIN;
    this.#cancel();
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#holding = false;
      this.wake();
    });
  }

  #next(): QueuedLetter | undefined {
    if (!this.#online) return undefined;
    const { queue, notes, clock } = this.#options;
    const now = clock.now();
    for (const letter of queue.list()) {
      if (isWorthless(letter, now)) this.#drop(letter, 'A mail has waited too long');
    }
    const mayOwn = notes.mayAnother(now);
    return queue.list().find((letter) => isDue(letter, now) && (isFriends(letter) || mayOwn));
  }

  /** @returns whether the next one can be tried */
  async #deliver(waiting: QueuedLetter): Promise<boolean> {
    const { queue, send } = this.#options;
    const letter = queue.update(waiting, { tries: waiting.tries + 1 });
    try {
      await send(letter, this.#stopping.signal);
    } catch (error) {
      return this.#notDelivered(letter, error);
    }
    // A newer one may have taken its place meanwhile.
    if (queue.holds(letter)) queue.remove(letter.id);
    this.#backoff.reset();
    this.succeeded(!isFriends(letter));
    return true;
  }

  #notDelivered(letter: QueuedLetter, error: unknown): boolean {
    if (this.#stopping.signal.aborted) return false;
    this.failed(error);
    const settle = this.#settlementOf(codeOf(error));
    if (settle === undefined) {
      this.#holding = true;
      return false;
    }
    if (this.#options.queue.holds(letter)) settle(letter);
    return true;
  }

  /** @returns what to do with a letter; undefined when it is the session that went wrong */
  #settlementOf(code: string | undefined): ((letter: QueuedLetter) => void) | undefined {
    switch (code) {
      case 'MAIL_REFUSED':
        return (letter) => this.#refused(letter, isFriends(letter) ? 1 : MOST_REFUSALS);
      case 'MAIL_NOT_TAKEN':
        return (letter) => this.#refused(letter, MOST_REFUSALS);
      case 'MAIL_DEFERRED':
        return (letter) => this.#postpone(letter);
      case 'MAIL_UNSURE':
        return (letter) => this.#unsure(letter);
      default:
        return undefined;
    }
  }

  #refused(letter: QueuedLetter, most: number): void {
    const refusals = letter.refusals + 1;
    if (refusals >= most) {
      this.#drop(letter, 'A mail was refused for good');
      return;
    }
    const pause = REFUSED_PAUSE * 2 ** letter.refusals;
    const notBefore = this.#options.clock.now() + pause;
    this.#options.queue.update(letter, { refusals, notBefore });
  }

  #postpone(letter: QueuedLetter, change: Partial<QueuedLetter> = {}): void {
    const { first, longest } = DEFERRED_PAUSE;
    const pause = Math.min(first * 2 ** (letter.tries - 1), longest);
    const notBefore = this.#options.clock.now() + pause;
    this.#options.queue.update(letter, { ...change, notBefore });
  }

  #unsure(letter: QueuedLetter): void {
    const unsure = (letter.unsure ?? 0) + 1;
    if (unsure < MOST_UNSURE) {
      this.#postpone(letter, { unsure });
      return;
    }
    const { log, queue, notes, clock } = this.#options;
    log.warning('The mail server never says whether it took a mail; it counts as sent.');
    queue.remove(letter.id);
    notes.mailSent(clock.now(), !isFriends(letter));
  }

  #drop(letter: QueuedLetter, why: string): void {
    this.#options.log.error(`${why} and is given up.`);
    this.#options.queue.remove(letter.id);
  }
}

function isFriends(letter: QueuedLetter): boolean {
  return letter.to !== undefined;
}

/** A wait that is longer than any of ours was noted by a wrong clock. */
function isDue({ notBefore = 0 }: QueuedLetter, now: number): boolean {
  return notBefore <= now || notBefore > now + DAY;
}

/** Age counts only once it was tried: until then the clock may have been wrong when it was written. */
function isWorthless({ until = Infinity, at, tries }: QueuedLetter, now: number): boolean {
  return now >= until || (tries > 0 && now - at > LONGEST_WAIT);
}
