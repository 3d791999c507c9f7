import { createReadStream } from 'node:fs';
import type { Source } from 'pull-stream';
import toPull from 'stream-to-pull-stream';

type Done = (end: Error | boolean | null, chunk?: Buffer) => void;

/** Limits of {@link Servings}. */
export interface ServingLimits {
  readonly most: number;
  readonly mostOfOne: number;
  readonly mostWaiting: number;
}

/** One blob on its way to a member, or waiting for that. */
interface Serving {
  readonly feed: string;
  readonly start: () => void;
}

/** @returns a stream that only says no; the peer sees these words */
export function refusal(words: string): Source<Buffer> {
  const error = new Error(words);
  return (abort, cb) => cb(abort || error);
}

/**
 * Blobs on their way to members: a bounded number at a time, read from the disk slice by slice as
 * they are asked for. Whoever wants more than its share waits in line.
 */
export class Servings {
  readonly #limits: ServingLimits;
  readonly #active = new Set<Serving>();
  #line: Serving[] = [];

  constructor(limits: ServingLimits) {
    this.#limits = limits;
  }

  /**
   * @param feed who gets it
   * @param path finds the blob's file when its turn has come; undefined when it is gone by then
   * @returns the blob's bytes
   */
  serve(feed: string, path: () => string | undefined): Source<Buffer> {
    if (this.#countOf(this.#line, feed) >= this.#limits.mostWaiting) return refusal('too many');
    let file: Source<Buffer> | undefined;
    let waiting: Done | undefined;
    const read = (cb: Done) => {
      const take: Done = (end, chunk) => {
        if (end) this.#leave(serving);
        if (end instanceof Error) cb(new Error('could not get blob'));
        else cb(end, chunk);
      };
      file?.(null, take);
    };
    const start = () => {
      const found = path();
      file = found === undefined ? refusal('could not get blob') : open(found);
      const cb = waiting;
      waiting = undefined;
      if (cb !== undefined) read(cb);
    };
    const serving = { feed, start };
    return (abort, cb) => {
      if (abort) {
        this.#leave(serving);
        waiting?.(abort);
        waiting = undefined;
        if (file === undefined) cb(abort);
        else file(abort, cb);
      } else if (file !== undefined) {
        read(cb);
      } else {
        waiting = cb;
        this.#line.push(serving);
        this.#next();
      }
    };
  }

  #countOf(list: Iterable<Serving>, feed: string): number {
    return [...list].filter((serving) => serving.feed === feed).length;
  }

  #leave(serving: Serving): void {
    this.#line = this.#line.filter((other) => other !== serving);
    if (this.#active.delete(serving)) this.#next();
  }

  #next(): void {
    const { most, mostOfOne } = this.#limits;
    const mayGo = (one: Serving) => this.#countOf(this.#active, one.feed) < mostOfOne;
    while (this.#active.size < most) {
      const serving = this.#line.find(mayGo);
      if (serving === undefined) return;
      this.#line = this.#line.filter((other) => other !== serving);
      this.#active.add(serving);
      serving.start();
    }
  }
}

/** No slice is empty: packet-stream-codec takes a frame without bytes for the end of everything. */
function open(path: string): Source<Buffer> {
  return toPull.source(createReadStream(path));
}
