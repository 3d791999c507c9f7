import createReduce from 'flumeview-reduce';
import type { Message, SignedValue, SsbServer } from 'ssb-server';

/** Below the database's folder `flume`, with `.json`. */
const VIEW = 'feed-sizes';
/** Another number has everybody count anew at the next start. */
const VERSION = 1;
/** How often it is saved: after a crash, the messages since then are counted again. */
const SAVE = { min: 1000, max: 60_000 };

/**
 * @param message as signed, or as ssb-db hands it out: when it was meant for the relay, its content
 *   is opened and what was signed stands beside it (ssb-db, autobox.js)
 * @returns its bytes as peers send it: JSON without spaces
 */
export function bytesOf(message: SignedValue & { readonly cyphertext?: string }): number {
  const { previous, author, sequence, timestamp, hash, content, cyphertext, signature } = message;
  const signed = { previous, author, sequence, timestamp, hash, content, signature };
  return Buffer.byteLength(JSON.stringify({ ...signed, content: cyphertext ?? content }));
}

/** Bytes by feed. */
type Sums = Record<string, number>;

function sum(sums: Sums | undefined, { value }: Message): Sums {
  const next = sums ?? {};
  next[value.author] = (next[value.author] ?? 0) + bytesOf(value);
  return next;
}

/**
 * How many bytes there are of each feed. An index beside the log keeps that from one start to the
 * next, so that nobody has to read the log for it.
 */
export class Sizes {
  readonly #bytes = new Map<string, number>();

  /** @param onLoaded called once it is known what is in the log */
  follow(server: SsbServer, onLoaded: () => void): void {
    const view = server._flumeUse(VIEW, createReduce(VERSION, { ...SAVE, reduce: sum }));
    view.get({}, (_error, sums) => {
      for (const [feed, bytes] of Object.entries(sums ?? {})) this.#bytes.set(feed, bytes);
      onLoaded();
    });
  }

  /** @returns bytes of the feed's messages, in the log and on their way there */
  of(feed: string): number {
    return this.#bytes.get(feed) ?? 0;
  }

  /** A message was taken in. */
  add(message: SignedValue): void {
    this.#bytes.set(message.author, this.of(message.author) + bytesOf(message));
  }
}
