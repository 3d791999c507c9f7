import type { Socket } from 'node:net';
import type { Feeds, SignedMessage } from './feeds.js';

type Answer = (end: Error | true | null, data?: unknown) => void;
type Read = (abort: Error | true | null, answer: Answer) => void;

/** Bytes on their way before more are read; enough to keep every pipe full. */
const MOST_AHEAD = 4 * 1024 * 1024;
/** Messages in one go before the event loop gets a turn. */
const AT_ONCE = 50;
const LOOK_AGAIN_MS = 2;

/**
 * The sending half of EBT (epidemic-broadcast-trees, v3), from memory: as fast as the other side
 * takes it, so that what is measured is the other side. A note is `sequence << 1`, plus one when
 * the feed is not wanted, or -1.
 */
export class EbtSender {
  /** When the first message left, as of `performance.now()`. */
  began: number | undefined;
  readonly #feeds: Feeds;
  readonly #socket: Socket;
  readonly #wanted = new Map<string, number>();
  readonly #startBytes: number;
  #heard = false;
  #greeted = false;
  #sent = 0;
  #sentBytes = 0;
  #ended: Error | true | null = null;
  #waiting: Answer | undefined;

  /** @param socket below the stream, to know how much is still on its way */
  constructor(feeds: Feeds, socket: Socket) {
    this.#feeds = feeds;
    this.#socket = socket;
    this.#startBytes = socket.bytesWritten;
  }

  /** The stream's source half: our notes once theirs are there, then what they want. */
  readonly source: Read = (abort, answer) => {
    if (abort) this.#ended = abort;
    if (this.#ended) answer(this.#ended);
    else {
      this.#waiting = answer;
      this.#give();
    }
  };

  /** The stream's sink half, fed with their notes. */
  readonly sink = (read: Read): void => {
    const next: Answer = (end, data) => {
      if (end) return this.#end(end);
      this.#note(data as Record<string, unknown>);
      read(null, next);
    };
    read(null, next);
  };

  #end(end: Error | true): void {
    this.#ended = end;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(end);
  }

  #note(notes: Record<string, unknown>): void {
    for (const [feed, note] of Object.entries(notes)) {
      if (typeof note !== 'number' || !this.#feeds.messages.has(feed)) continue;
      const wants = note !== -1 && (note & 1) === 0;
      if (!wants) this.#wanted.delete(feed);
      else if (!this.#wanted.has(feed)) this.#wanted.set(feed, note >> 1);
    }
    this.#heard = true;
    this.#give();
  }

  #greet(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#greeted = true;
    this.#waiting = undefined;
    const notes = [...this.#feeds.messages].map(([feed, { length }]) => [feed, (length << 1) | 1]);
    waiting(null, Object.fromEntries(notes));
  }

  #next(): SignedMessage | undefined {
    const [first] = this.#wanted;
    if (first === undefined) return undefined;
    const [feed, sent] = first;
    const messages = this.#feeds.messages.get(feed) ?? [];
    // To the end of the line, so that all feeds go on together.
    this.#wanted.delete(feed);
    if (sent + 1 < messages.length) this.#wanted.set(feed, sent + 1);
    return messages[sent];
  }

  #ahead(): number {
    const gone = this.#socket.bytesWritten - this.#startBytes - this.#socket.writableLength;
    return this.#sentBytes - gone;
  }

  #give(): void {
    if (!this.#heard || this.#waiting === undefined) return;
    if (!this.#greeted) {
      this.#greet();
      return;
    }
    if (this.#ahead() > MOST_AHEAD) {
      setTimeout(() => this.#give(), LOOK_AGAIN_MS);
      return;
    }
    const message = this.#next();
    if (message === undefined) return;
    const answer = this.#waiting;
    this.#waiting = undefined;
    this.began ??= performance.now();
    this.#sent += 1;
    this.#sentBytes += JSON.stringify(message).length;
    if (this.#sent % AT_ONCE === 0) setImmediate(answer, null, message);
    else answer(null, message);
  }
}
