import { asksFor, sequenceOf } from './notes.js';

/**
 * Feeds of which a peer's word is remembered although they are not carried: ids cost nothing to
 * invent. The clock of a stock client is shorter, for it travels in one frame (frames.ts).
 */
const MOST_FEEDS = 20_000;

/** What one connected peer has said of feeds, the newest word on each. */
export class Said {
  readonly #version: number;
  readonly #notes = new Map<string, number>();

  /** @param version of the protocol that it speaks */
  constructor(version: number) {
    this.#version = version;
  }

  /**
   * @param carried whether we carry the feed; what is said of others is forgotten beyond a bound
   * @returns whether it had said nothing of the feed before, as far as is remembered
   */
  hear(feed: string, note: number, carried: boolean): boolean {
    const isNew = !this.#notes.has(feed);
    if (!isNew || carried || this.#notes.size < MOST_FEEDS) this.#notes.set(feed, note);
    return isNew;
  }

  /** @returns how much of the feed it has by its word; -1 if it does not carry it */
  sequence(feed: string): number | undefined {
    const note = this.#notes.get(feed);
    return note === undefined ? undefined : sequenceOf(note, this.#version);
  }

  /** @returns whether it wants to have the feed */
  asks(feed: string): boolean {
    const note = this.#notes.get(feed);
    return note !== undefined && asksFor(note, this.#version);
  }
}
