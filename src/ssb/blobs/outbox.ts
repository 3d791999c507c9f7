import type { Source } from 'pull-stream';
import type { BlobId } from './blob-id.js';

/** What goes over `blobs.createWants`: a size in bytes says "have", a negative number "want". */
export type News = Record<string, number>;

/** A packet has to fit between two messages of a feed. */
const NAMES_PER_PACKET = 200;

/**
 * What one connection is still to be told: a bounded list, the newest word for each blob, handed
 * out packet by packet. pull-notify, on which ssb-blobs 1.2.2 rests, keeps every packet for peers
 * that do not ask and for peers that are gone.
 */
export class Outbox {
  readonly #most: number;
  readonly #news = new Map<BlobId, number>();
  #waiting: ((end: true | null, value?: News) => void) | undefined;
  #greeted = false;
  #over = false;
  #soon = false;

  /** @param most names that wait at a time; the oldest give way */
  constructor(most: number) {
    this.#most = most;
  }

  /** For muxrpc. */
  readonly source: Source<News> = (abort, cb) => {
    if (abort) this.end();
    if (this.#over) {
      cb(abort || true);
      return;
    }
    this.#waiting = cb;
    this.#sendSoon();
  };

  tell(id: BlobId, value: number): void {
    if (this.#over) return;
    this.#news.delete(id);
    this.#news.set(id, value);
    const [oldest] = this.#news.keys();
    if (this.#news.size > this.#most && oldest !== undefined) this.#news.delete(oldest);
    this.#sendSoon();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#news.clear();
    this.#waiting?.(true);
    this.#waiting = undefined;
  }

  /** What is told in one go travels in one packet. */
  #sendSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      this.#send();
    });
  }

  #send(): void {
    const cb = this.#waiting;
    // The first packet may be empty: it tells ssb-blobs that we are not of the old kind.
    if (cb === undefined || (this.#greeted && this.#news.size === 0)) return;
    const packet = [...this.#news].slice(0, NAMES_PER_PACKET);
    for (const [id] of packet) this.#news.delete(id);
    this.#greeted = true;
    this.#waiting = undefined;
    cb(null, Object.fromEntries(packet));
  }
}
