import type { DescriptorEvent } from './events.js';

/**
 * rend-spec-v3, "Time periods": a service always has two descriptors, for this time period and for
 * its neighbour, so that visitors whose clock or consensus differs find one of them.
 */
const WANTED = 2;
/** A descriptor goes to 8 directories; this many open uploads would be absurd. */
const MOST_PENDING = 256;

interface Upload {
  readonly id: string;
  readonly directory: string;
}

/** Which of the two descriptors have reached at least one directory. */
export class Descriptors {
  readonly wanted = WANTED;
  #current: string[] = [];
  #confirmed = new Set<string>();
  #pending: Upload[] = [];

  /** @returns how many of the wanted descriptors are confirmed */
  get uploaded(): number {
    return this.#current.filter((id) => this.#confirmed.has(id)).length;
  }

  /**
   * @param event about our own host
   * @returns true when the event confirms an upload
   */
  apply(event: DescriptorEvent): boolean {
    if (event.step === 'upload') {
      this.#begin(event.id ?? '', event.directory);
      return false;
    }
    // UPLOADED and FAILED name only the directory; the oldest upload to it is taken to be meant.
    const index = this.#pending.findIndex(({ directory }) => directory === event.directory);
    const [upload] = index < 0 ? [] : this.#pending.splice(index, 1);
    if (upload === undefined || event.step === 'failed') return false;
    if (this.#current.includes(upload.id)) this.#confirmed.add(upload.id);
    return true;
  }

  /** With each time period a new descriptor comes and the oldest goes. */
  #begin(id: string, directory: string): void {
    this.#pending = [...this.#pending, { id, directory }].slice(-MOST_PENDING);
    if (this.#current.includes(id)) return;
    this.#current = [...this.#current, id].slice(-WANTED);
    this.#confirmed = new Set(this.#current.filter((known) => this.#confirmed.has(known)));
  }
}
