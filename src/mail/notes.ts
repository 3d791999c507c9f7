import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { writeDurably } from '../support/durable-file.js';
import { codeOf, messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { CONDITION_IDS } from './conditions.js';
import { DAY, MOST_A_DAY, MOST_ADDRESSES } from './limits.js';

const time = v.pipe(v.number(), v.finite());

/** What is remembered of one kind of alert. */
const TOLD = v.strictObject({
  id: v.picklist(CONDITION_IDS),
  /** When the operator was last told of it. */
  told: time,
  /** Since when it is wrong; undefined when it is over. */
  since: v.exactOptional(time),
});

const NOTES = v.strictObject({
  version: v.literal(1),
  /** Those whose first mail was written. */
  addresses: v.array(v.string()),
  alerts: v.array(TOLD),
  /** When letters of the relay's own accord were sent, within a day. */
  sent: v.array(time),
  lastSent: v.exactOptional(time),
  /** Of the last digest, such as 2026-11. */
  month: v.exactOptional(v.string()),
});

type Content = v.InferOutput<typeof NOTES>;
/** What is remembered of one kind of alert; times in milliseconds since 1970. */
export type Told = Readonly<v.InferOutput<typeof TOLD>>;

const NOTHING: Content = { version: 1, addresses: [], alerts: [], sent: [] };

/**
 * What was mailed already, in one small file. Without it a mail would be sent again, no more: so
 * one that cannot be read begins anew, and one that cannot be written is kept in memory.
 */
export class Notes {
  readonly #file: string;
  readonly #log: Log;
  #content: Content;

  /** @param file its folder exists */
  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#content = this.#read();
  }

  get lastSent(): number | undefined {
    return this.#content.lastSent;
  }

  get month(): string | undefined {
    return this.#content.month;
  }

  knowsAddress(address: string): boolean {
    return this.#content.addresses.includes(address);
  }

  addressMailed(address: string): void {
    const addresses = [address, ...this.#content.addresses].slice(0, MOST_ADDRESSES);
    this.#change({ addresses });
  }

  told(id: Told['id']): Told | undefined {
    return this.#content.alerts.find((alert) => alert.id === id);
  }

  setTold(told: Told): void {
    const others = this.#content.alerts.filter((alert) => alert.id !== told.id);
    this.#change({ alerts: [...others, told] });
  }

  digestMailed(month: string): void {
    this.#change({ month });
  }

  /**
   * @param now milliseconds since 1970
   * @param own whether the relay sent it of its own accord
   */
  mailSent(now: number, own: boolean): void {
    const sent = own ? [...this.#recent(now), now].slice(-MOST_A_DAY) : this.#content.sent;
    this.#change({ sent, lastSent: now });
  }

  /** @returns whether the relay may send one more of its own accord */
  mayAnother(now: number): boolean {
    return this.#recent(now).length < MOST_A_DAY;
  }

  /** What lies in the future was noted by a wrong clock. */
  #recent(now: number): number[] {
    return this.#content.sent.filter((at) => at <= now && at > now - DAY);
  }

  #change(change: Partial<Content>): void {
    this.#content = { ...this.#content, ...change };
    try {
      writeDurably(this.#file, JSON.stringify(this.#content));
    } catch (error) {
      this.#log.warning(`What was mailed cannot be noted: ${messageOf(error)}`);
    }
  }

  #read(): Content {
    try {
      return v.parse(NOTES, JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        this.#log.warning(`${this.#file} cannot be read, so some mail may come again.`);
      }
      return NOTHING;
    }
  }
}
