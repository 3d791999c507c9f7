/** Time, as those see it who wait for it; a test has its own. */
export interface Clock {
  /** @returns milliseconds; since when, the clock in use says */
  now(): number;
  /**
   * @param ms to wait
   * @returns ends the wait; `run` is not called then
   */
  after(ms: number, run: () => void): () => void;
}

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** The machine's time, in milliseconds since 1970; its timers keep no process alive. */
export const SYSTEM_CLOCK: Clock = { now: Date.now, after };

/**
 * For how long ago something was: counts from the start of the process and never jumps, as the
 * machine's time does on boards without a clock chip.
 */
export const STEADY_CLOCK: Clock = { now: () => performance.now(), after };
