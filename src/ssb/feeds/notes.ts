import { asFeedId } from '../../support/feed-id.js';

/** Sequences travel as 31 bits with a flag (epidemic-broadcast-trees, v3.js). */
const MOST_NOTE = 2 ** 31 - 1;

/** The note of whoever does not carry a feed, in every version. */
export const NO = -1;

/** @returns the note that says how much of a feed is here, and whether it is to be sent to us */
export function noteOf(sequence: number, receive: boolean): number {
  return (sequence << 1) | (receive ? 0 : 1);
}

/** @returns whether this is a note on a feed, of any version */
export function isNote(pair: [id: string, note: unknown]): pair is [id: string, note: number] {
  const [id, note] = pair;
  if (asFeedId(id) === undefined) return false;
  return Number.isInteger(note) && Math.abs(Number(note)) <= MOST_NOTE;
}

/**
 * @param note of a peer on a feed
 * @param version of the protocol; the second has no flag but the sign (v2.js)
 * @returns whether the peer wants to have the feed
 */
export function asksFor(note: number, version: number): boolean {
  return note >= 0 && (version === 2 || (note & 1) === 0);
}

/** @returns how much of the feed the peer has by its note; -1 if it does not carry it */
export function sequenceOf(note: number, version: number): number {
  if (version !== 2) return note >> 1;
  return note >= NO ? note : ~note;
}
