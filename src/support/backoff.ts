/** Ever longer pauses, so that what keeps failing does not keep a small board busy. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  readonly #random: () => number;
  #tries = 0;

  /**
   * @param first shortest pause, in milliseconds
   * @param longest longest pause, in milliseconds
   * @param random from 0 to below 1, as Math.random
   */
  constructor(first: number, longest: number, random: () => number = Math.random) {
    this.#first = first;
    this.#longest = longest;
    this.#random = random;
  }

  /** @returns the next pause in milliseconds: twice the last one, up to half of it given to chance */
  next(): number {
    const full = Math.min(this.#longest, this.#first * 2 ** Math.min(this.#tries, 30));
    this.#tries += 1;
    return Math.max(this.#first, Math.round(full * (0.5 + this.#random() / 2)));
  }

  /** Start again from the shortest pause. */
  reset(): void {
    this.#tries = 0;
  }
}
