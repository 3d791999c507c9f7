import type { Source } from 'pull-stream';
import type { Caller, HistoryOptions, Peer } from 'ssb-server';
import type { Asking } from './asking.js';
import type { Heads } from './heads.js';
import { historySource, parseHistoryRequest } from './history.js';
import type { Wires } from './wires.js';

/** Streams of feeds open at a time for one peer; ssb-replicate opens one for each feed. */
const MOST_STREAMS = 5000;

const NOTHING: Source<never> = (_abort, cb) => cb(true);

/** Options of {@link Serving}. */
export interface ServingOptions {
  readonly heads: Heads;
  readonly wires: Wires;
  readonly askingOf: (peer: Peer) => Asking | undefined;
  /** Whether the feed is served to anybody. */
  readonly serves: (feed: string) => boolean;
}

/** ssb-db's own createHistoryStream. */
type Read = (options: HistoryOptions) => Source<unknown>;

/**
 * Answers createHistoryStream. ssb-db's own answer ends after `limit` old messages or else goes on
 * for ever, and ssb-replicate's shortcut around it forgets `limit` and `keys` (legacy.js).
 */
export class Serving {
  readonly #options: ServingOptions;
  readonly #blocks = new Map<string, Set<string>>();
  readonly #streams = new WeakMap<Peer, number>();

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  /** One feed blocks another: it is not served to it. */
  block(from: string, to: string, blocked: boolean): void {
    const whom = this.#blocks.get(from) ?? new Set();
    if (blocked) this.#blocks.set(from, whom.add(to));
    else whom.delete(to);
    if (whom.size === 0) this.#blocks.delete(from);
  }

  /** @returns whether the feed blocks the other one */
  isBlocked(from: string, to: string): boolean {
    return this.#blocks.get(from)?.has(to) === true;
  }

  /**
   * @param caller `this` of the call
   * @param args as the peer sent them
   */
  answer(caller: Caller, read: Read, args: [HistoryOptions]): Source<unknown> {
    const call = this.#options.wires.ofCall(caller);
    if (call === undefined) return read(...args);
    const request = parseHistoryRequest(args);
    if (request === undefined) {
      throw new Error('expected createHistoryStream({id, seq, limit, keys, live})');
    }
    this.#options.askingOf(call.peer)?.heardRequest(request.keys);
    const serves = (feed: string) =>
      this.#options.serves(feed) && !this.isBlocked(feed, call.peer.id);
    if (!serves(request.id)) return NOTHING;
    const { heads } = this.#options;
    return call.wire.pace(
      this.#counted(call.peer, historySource(request, { heads, read, serves })),
    );
  }

  #counted<T>(peer: Peer, source: Source<T>): Source<T> {
    const open = this.#streams.get(peer) ?? 0;
    if (open >= MOST_STREAMS) throw new Error('too many feeds at a time');
    this.#streams.set(peer, open + 1);
    let ended = false;
    const end = () => {
      if (!ended) this.#streams.set(peer, (this.#streams.get(peer) ?? 1) - 1);
      ended = true;
    };
    return (abort, cb) =>
      source(abort, (done, value) => {
        if (done) end();
        cb(done, value);
      });
  }
}
