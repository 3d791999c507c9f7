import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeDurably } from '../support/durable-file.js';
import { messageOf, SnugError } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { asMailAddress, type MailAddress } from '../support/mail-address.js';
import type { Letter } from './letter.js';
import { MOST_QUEUED } from './limits.js';

const ID = /^[a-z0-9-]{1,80}$/;
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());

/** One file of the queue; times in milliseconds since 1970. */
const QUEUED = v.strictObject({
  version: v.literal(1),
  /** Later ones are larger. */
  order: count,
  id: v.pipe(v.string(), v.regex(ID)),
  /** For the Message-ID, the same at each try: a mail that comes twice can be told by it. */
  stamp: v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/)),
  at: time,
  to: v.exactOptional(v.custom<MailAddress>((a) => typeof a === 'string' && !!asMailAddress(a))),
  subject: v.string(),
  text: v.string(),
  qr: v.exactOptional(v.string()),
  until: v.exactOptional(time),
  /** Sessions begun for it: not 0 means that it may have arrived already. */
  tries: count,
  refusals: count,
  /** Sessions after which it may have arrived. */
  unsure: v.exactOptional(count),
  /** Not to be tried before. */
  notBefore: v.exactOptional(time),
});

/** A letter that waits. */
export type QueuedLetter = Readonly<v.InferOutput<typeof QUEUED>>;

/**
 * The letters that wait, a file of mode 0600 for each in one folder. A letter goes out of the queue
 * after the server has taken it: after a crash in between it is sent again, with the same
 * Message-ID, because a lost one would be worse (RFC 5321, 4.5.4.1, asks the same).
 */
export class Queue {
  readonly #folder: string;
  readonly #log: Log;
  readonly #letters = new Map<string, QueuedLetter>();

  /**
   * @param folder made with mode 0700 if missing
   * @throws SnugError MAIL_QUEUE_FAILED
   */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#load();
    } catch (error) {
      throw failed(error);
    }
  }

  get size(): number {
    return this.#letters.size;
  }

  /** @returns the letters, oldest first */
  list(): QueuedLetter[] {
    return [...this.#letters.values()].sort((a, b) => a.order - b.order);
  }

  has(id: string): boolean {
    return this.#letters.has(id);
  }

  /**
   * Puts a letter at the end; one with the id of another that waits takes its place.
   *
   * @param now milliseconds since 1970
   * @throws SnugError MAIL_QUEUE_FULL, MAIL_QUEUE_FAILED; then it is not in the queue
   */
  add(letter: Letter, now: number): void {
    if (this.size >= MOST_QUEUED && !this.has(letter.id)) throw full();
    const queued = this.#stamped(letter, now);
    try {
      this.#write(queued);
    } catch (error) {
      throw failed(error);
    }
    this.#letters.set(letter.id, queued);
  }

  /** As {@link add}, but a disk that takes nothing is no reason to say nothing: then from memory. */
  addAtAnyCost(letter: Letter, now: number): void {
    if (this.size >= MOST_QUEUED && !this.has(letter.id)) throw full();
    this.#keep(this.#stamped(letter, now));
  }

  /** Notes what happened to a letter; on a full disk in memory only. */
  update(letter: QueuedLetter, change: Partial<QueuedLetter>): QueuedLetter {
    const changed = { ...letter, ...change };
    this.#keep(changed);
    return changed;
  }

  /** @returns whether it is still the letter that waits under its id */
  holds(letter: QueuedLetter): boolean {
    return this.#letters.get(letter.id)?.stamp === letter.stamp;
  }

  /** Takes a letter out, and with it whom it was for. */
  remove(id: string): void {
    this.#letters.delete(id);
    try {
      rmSync(this.#file(id), { force: true });
    } catch (error) {
      this.#log.error(`A mail that is done stays on the disk: ${messageOf(error)}`);
    }
  }

  #stamped(letter: Letter, now: number): QueuedLetter {
    const order = Math.max(0, ...[...this.#letters.values()].map((other) => other.order)) + 1;
    const fresh = {
      version: 1,
      order,
      stamp: randomUUID(),
      at: now,
      tries: 0,
      refusals: 0,
    } as const;
    return { ...letter, ...fresh };
  }

  #keep(letter: QueuedLetter): void {
    this.#letters.set(letter.id, letter);
    try {
      this.#write(letter);
    } catch (error) {
      this.#log.warning(`A mail waits in memory only: ${messageOf(error)}`);
    }
  }

  #write(letter: QueuedLetter): void {
    writeDurably(this.#file(letter.id), JSON.stringify(letter));
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #load(): void {
    for (const name of readdirSync(this.#folder)) {
      try {
        if (name.endsWith('.new')) rmSync(join(this.#folder, name), { force: true });
        else if (name.endsWith('.json') && this.size < MOST_QUEUED) this.#loadOne(name);
      } catch (error) {
        this.#log.warning(`A file among the mails that wait is left: ${messageOf(error)}`);
      }
    }
  }

  #loadOne(name: string): void {
    const letter = parsed(readFileSync(join(this.#folder, name), 'utf8'));
    if (letter !== undefined && name === `${letter.id}.json`) this.#letters.set(letter.id, letter);
    else this.#log.warning(`${join(this.#folder, name)} is no mail of this version; it is left.`);
  }
}

function parsed(text: string): QueuedLetter | undefined {
  try {
    const result = v.safeParse(QUEUED, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

function full(): SnugError {
  return new SnugError('MAIL_QUEUE_FULL', `${MOST_QUEUED} mails wait already.`, {
    hint: 'See in "snug status" why they cannot be sent.',
  });
}

function failed(cause: unknown): SnugError {
  return new SnugError('MAIL_QUEUE_FAILED', `The mail cannot be queued: ${messageOf(cause)}.`, {
    hint: 'Check the disk and its space.',
    cause,
  });
}
