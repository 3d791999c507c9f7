/** Time, as the dialler sees it; a test has its own. */
export interface Clock {
  /** @returns milliseconds since 1970 */
  now(): number;
  /**
   * @param ms to wait
   * @returns ends the wait; `run` is not called then
   */
  after(ms: number, run: () => void): () => void;
}

/** The machine's time; its timers keep no process alive. */
export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
