import pull, { type Source } from 'pull-stream';
import type { HistoryOptions, Message } from 'ssb-server';
import { asFeedId } from '../../support/feed-id.js';
import type { Heads } from './heads.js';

/** Messages read from the disk at a time, for one stream. */
const BATCH = 32;

/** A request for a feed, every word of it checked. */
export interface HistoryRequest {
  readonly id: string;
  /** First sequence wanted, inclusive (ssb-db, clock.js). */
  readonly from: number;
  /** Most messages, in all. */
  readonly limit: number;
  readonly keys: boolean;
  readonly values: boolean;
  readonly live: boolean;
  /** Whether what is there already is wanted. */
  readonly old: boolean;
}

/** A number that JSON can carry; `undefined` and `null` stand for none. */
function numberOr(value: unknown, fallback: number): number | undefined {
  if (value === undefined || value === null) return fallback;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/**
 * @param args of the call: one object, or feed, sequence and live (ssb-db, index.js)
 * @returns the request, or undefined when it is none
 */
export function parseHistoryRequest(args: readonly unknown[]): HistoryRequest | undefined {
  const [first, seq, live] = args;
  const asked = (typeof first === 'string' ? { id: first, seq, live } : first) as
    | Record<string, unknown>
    | null
    | undefined;
  const id = asFeedId(asked?.id);
  const from = numberOr(asked?.sequence ?? asked?.seq, 0);
  const limit = numberOr(asked?.limit, -1);
  if (id === undefined || from === undefined || limit === undefined) return undefined;
  return {
    id,
    from: Math.max(1, Math.ceil(from)),
    limit: limit < 0 ? Number.POSITIVE_INFINITY : Math.floor(limit),
    keys: asked?.keys !== false,
    values: asked?.values !== false,
    live: asked?.live === true || asked?.live === 1,
    old: asked?.old !== false,
  };
}

/** What a {@link historySource} reads from. */
export interface Archive {
  readonly heads: Heads;
  /** ssb-db's own stream of what is there. */
  readonly read: (options: HistoryOptions) => Source<unknown>;
  /** Whether the feed may still be served to this peer. */
  readonly serves: (feed: string) => boolean;
}

function shaped({ keys, values }: HistoryRequest, message: Message): unknown {
  if (!values) return message.key;
  return keys ? message : message.value;
}

type Done = (end: Error | boolean | null, value?: unknown) => void;

/** One feed for one peer: what is there, then, if it is live, what comes. */
class History {
  readonly #request: HistoryRequest;
  readonly #archive: Archive;
  #next: number;
  #left: number;
  #batch: Message[] = [];
  #waiting: { stop: () => void; cb: Done } | undefined;
  #ended = false;

  constructor(request: HistoryRequest, archive: Archive) {
    this.#request = request;
    this.#archive = archive;
    this.#left = request.limit;
    const { from, id, old } = request;
    this.#next = old ? from : Math.max(from, archive.heads.served(id) + 1);
  }

  readonly source: Source<unknown> = (abort, cb) => {
    if (abort) this.#end(abort, cb);
    else this.#read(cb);
  };

  #end(abort: Error | boolean, cb: Done): void {
    this.#ended = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.stop();
    waiting?.cb(abort);
    cb(abort);
  }

  #read(cb: Done): void {
    const { heads, serves } = this.#archive;
    const { id, live } = this.#request;
    if (this.#ended || this.#left <= 0 || !serves(id)) cb(true);
    else if (this.#batch.length > 0) this.#give(cb);
    else if (heads.served(id) >= this.#next) this.#load(cb);
    else if (live) this.#wait(cb);
    else cb(true);
  }

  #give(cb: Done): void {
    const message = this.#batch.shift();
    if (message === undefined) return;
    this.#next = message.value.sequence + 1;
    this.#left -= 1;
    cb(null, shaped(this.#request, message));
  }

  #load(cb: Done): void {
    const { id } = this.#request;
    const here = this.#archive.heads.served(id) - this.#next + 1;
    const limit = Math.min(BATCH, this.#left, here);
    const collect = pull.collect<Message>((error, messages) => {
      this.#batch = messages ?? [];
      if (error) cb(error);
      // The index promises more than there is: rather no answer than a gap.
      else if (this.#batch.length === 0) cb(true);
      else this.#read(cb);
    });
    pull(this.#archive.read({ id, seq: this.#next, limit, keys: true, live: false }), collect);
  }

  #wait(cb: Done): void {
    const { heads } = this.#archive;
    const stop = heads.onChange(this.#request.id, () => {
      if (heads.served(this.#request.id) < this.#next) return;
      this.#waiting = undefined;
      stop();
      this.#read(cb);
    });
    this.#waiting = { stop, cb };
  }
}

/** @returns the answer to a request for a feed */
export function historySource(request: HistoryRequest, archive: Archive): Source<unknown> {
  return new History(request, archive).source;
}
