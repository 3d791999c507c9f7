import type { Source } from 'pull-stream';
import type { SignedValue } from 'ssb-server';
import { isNote } from './notes.js';
import { asSigned } from './rules.js';

/** A note of the longest kind has some 70 bytes; frames of 1 MiB are refused (frames.ts). */
const MOST_NOTES = 4000;

/** A packet of EBT: a message, or notes on feeds. */
export type Packet = { message: SignedValue } | { notes: [feed: string, note: number][] };

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * epidemic-broadcast-trees uses what a peer sends as keys of plain objects, and `__proto__` as a
 * key writes into the prototype of everything in this process. So it gets ids of feeds only.
 *
 * @param sent anything a peer sent on a stream of EBT
 * @returns what is sound of it; undefined if nothing is
 */
export function asPacket(sent: unknown): Packet | undefined {
  if (!isObject(sent)) return undefined;
  if (Object.hasOwn(sent, 'author')) {
    const { content } = sent as { content?: unknown };
    return asSigned(sent) && content ? { message: sent as SignedValue } : undefined;
  }
  // Notes may be wrapped, for extensions (events.js, `notes`).
  const { clock } = sent as { clock?: unknown };
  return { notes: Object.entries(isObject(clock) ? clock : sent).filter(isNote) };
}

function parts(packet: unknown): unknown[] {
  if (!isObject(packet) || Object.hasOwn(packet, 'author')) return [packet];
  const notes = Object.entries(packet);
  if (notes.length <= MOST_NOTES) return [packet];
  const count = Math.ceil(notes.length / MOST_NOTES);
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(notes.slice(i * MOST_NOTES, (i + 1) * MOST_NOTES)),
  );
}

/** @returns the same packets, with those cut up that have more notes than fit into a frame */
export function inFrames(source: Source<unknown>): Source<unknown> {
  const left: unknown[] = [];
  return (abort, cb) => {
    if (!abort && left.length > 0) {
      cb(null, left.shift());
      return;
    }
    source(abort, (end, packet) => {
      if (end) {
        cb(end);
        return;
      }
      left.push(...parts(packet));
      cb(null, left.shift());
    });
  };
}
