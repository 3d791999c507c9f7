/** So much at once, and then so much a time: a bucket that fills up again. */
export class Allowance {
  readonly #burst: number;
  readonly #everyMs: number;
  readonly #now: () => number;
  #left: number;
  #since: number;

  /**
   * @param burst at once
   * @param everyMs one more after each such time
   * @param now in milliseconds, never going back
   */
  constructor(burst: number, everyMs: number, now: () => number) {
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#now = now;
    this.#left = burst;
    this.#since = now();
  }

  /** @returns whether there was one left, which is taken */
  take(): boolean {
    const more = Math.floor((this.#now() - this.#since) / this.#everyMs);
    this.#since += more * this.#everyMs;
    this.#left = Math.min(this.#burst, this.#left + more);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
