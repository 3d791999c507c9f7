import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../support/clock.js';
import { messageOf, SnugError } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { parseMailAddress } from '../support/mail-address.js';
import { Alerts } from './alerts.js';
import type { Condition } from './conditions.js';
import type { Letter, StampedLetter } from './letter.js';
import { LOOK_EVERY, TEST_DEADLINE } from './limits.js';
import { Notes } from './notes.js';
import { readPassword } from './password.js';
import { type MailTrouble, Postman } from './postman.js';
import { Queue } from './queue.js';
import type { MailSettings } from './settings.js';
import { digestLetter, firstLetter, inviteLetter, type MailedInvite, testLetter } from './texts.js';

export type { Condition, ConditionId } from './conditions.js';
export type { MailedInvite, MailTrouble };

/** What {@link Mail} is built from. */
export interface MailOptions {
  readonly settings: MailSettings;
  /** The room's own folder; made with mode 0700 if missing. */
  readonly folder: string;
  /** Speaks to the server, as `Smtp.send` does. */
  readonly send: (letter: StampedLetter, signal: AbortSignal, deadline?: number) => Promise<void>;
  /** The page for visitors. */
  readonly url: string;
  /** What is wrong now. */
  readonly conditions: () => readonly Condition[];
  /** Numbers in words, for the digest. */
  readonly numbers: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/** For `snug status`; times in milliseconds since 1970. */
export interface MailStatus {
  readonly queued: number;
  readonly lastSent: number | undefined;
  /** Why mail does not go out, until some does. */
  readonly trouble: MailTrouble | undefined;
}

/** Makes the codes that are mailed. */
export interface CodeSource {
  create(): Promise<MailedInvite>;
  revoke(id: string): Promise<unknown>;
}

/** What is told of an invite on its way: not the code, which is the friend's. */
export interface InviteOnItsWay {
  readonly id: string;
  readonly expiresAt: number;
  readonly mailed: true;
}

/** Mail to the operator, and to those whom they invite. */
export class Mail {
  readonly #options: MailOptions;
  readonly #queue: Queue;
  readonly #notes: Notes;
  readonly #alerts: Alerts;
  readonly #postman: Postman;
  readonly #closing = new AbortController();
  #stopLooking: () => void = () => undefined;
  #online = false;

  private constructor(options: MailOptions) {
    const { folder, log, send, clock } = options;
    this.#options = options;
    this.#queue = new Queue(join(folder, 'queue'), log);
    const notes = new Notes(join(folder, 'notes.json'), log);
    this.#notes = notes;
    this.#alerts = new Alerts({ notes, post: (letter) => this.#post(letter) });
    this.#postman = new Postman({ queue: this.#queue, notes, send, clock, log });
  }

  /**
   * Opens the queue, writes the first mail for a new address, and looks for what is wrong from then
   * on. Nothing is sent before {@link Mail.setOnline}. A password that cannot be used is told at
   * once: the relay does without mail rather than mail's password doing without the relay.
   *
   * @throws SnugError MAIL_QUEUE_FAILED
   */
  static open(options: MailOptions): Mail {
    const mail = new Mail(options);
    mail.#checkPassword();
    mail.#greet();
    mail.#lookLater();
    return mail;
  }

  /** @param online whether Tor carries connections */
  setOnline(online: boolean): void {
    this.#online = online;
    // What is over by that need not be told as if it were not.
    if (online) this.#look();
    this.#postman.setOnline(online);
  }

  status(): MailStatus {
    return {
      queued: this.#queue.size,
      lastSent: this.#notes.lastSent,
      trouble: this.#postman.trouble,
    };
  }

  /**
   * Sends a mail to the operator now, past the queue.
   *
   * @throws SnugError MAIL_OFFLINE, or why the server did not take it
   */
  async test(): Promise<void> {
    if (!this.#online) {
      throw new SnugError('MAIL_OFFLINE', 'Tor is not ready, and mail goes through Tor only.', {
        hint: 'See "snug status"; try again when the relay is published.',
      });
    }
    const stamp = randomUUID();
    const letter = { ...testLetter(this.#options.clock.now()), stamp };
    try {
      await this.#options.send(letter, this.#closing.signal, TEST_DEADLINE);
    } catch (error) {
      this.#postman.failed(error);
      throw error;
    }
    this.#postman.succeeded(false);
    this.#postman.retry();
  }

  /**
   * Makes a code and queues it for a friend. The address is forgotten when the mail is sent.
   *
   * @param to what the operator typed
   * @param codes makes the code, and takes it back when it cannot be queued
   * @throws SnugError BAD_MAIL_ADDRESS, MAIL_QUEUE_FULL, MAIL_QUEUE_FAILED, or why there is no code
   */
  async invite(to: string, codes: CodeSource): Promise<InviteOnItsWay> {
    const address = parseMailAddress(to);
    const invite = await codes.create();
    const { id, expiresAt } = invite;
    try {
      this.#queue.add(inviteLetter(address, invite), this.#options.clock.now());
    } catch (error) {
      await codes.revoke(id);
      throw error;
    }
    this.#options.log.info(`invite ${id} is to be mailed`);
    this.#postman.wake();
    return { id, expiresAt, mailed: true };
  }

  /** Resolves when no session and no timer is left; what waits stays on the disk. */
  async close(): Promise<void> {
    this.#online = false;
    this.#stopLooking();
    this.#closing.abort();
    await this.#postman.stop();
  }

  /** @returns whether it is in the queue, if only in memory */
  #post(letter: Letter): boolean {
    try {
      this.#queue.addAtAnyCost(letter, this.#options.clock.now());
    } catch (error) {
      this.#options.log.warning(`A mail was not written: ${messageOf(error)}`);
      return false;
    }
    this.#postman.wake();
    return true;
  }

  #checkPassword(): void {
    const { settings } = this.#options;
    try {
      if (settings.user !== undefined) readPassword(settings);
    } catch (error) {
      this.#postman.failed(error);
    }
  }

  #greet(): void {
    const { url } = this.#options;
    if (!this.#notes.knowsAddress(url) && this.#post(firstLetter(url))) {
      this.#notes.addressMailed(url);
    }
  }

  #lookLater(): void {
    this.#stopLooking = this.#options.clock.after(LOOK_EVERY, () => {
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const { settings, conditions, clock } = this.#options;
    if (settings.alerts) this.#alerts.look(conditions(), clock.now());
    if (settings.digest && this.#online) this.#maybeDigest(clock.now());
  }

  /** While Tor is on line the clock is about right. The month of the first start has none. */
  #maybeDigest(now: number): void {
    const month = new Date(now).toISOString().slice(0, 7);
    const last = this.#notes.month;
    if (last === month) return;
    const due = last !== undefined && last < month;
    if (!due || this.#post(digestLetter(month, this.#options.numbers()))) {
      this.#notes.digestMailed(month);
    }
  }
}
