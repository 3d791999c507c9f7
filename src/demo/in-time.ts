import { setMaxListeners } from 'node:events';

/** Options of {@link inTime}. */
export interface Deadline {
  readonly ms: number;
  /** Makes the error for work that is late; called only then. */
  readonly late: () => Error;
  /** Any of these ends the work early, with its own reason. */
  readonly signals: readonly AbortSignal[];
}

/** Every program and every file that the work waits for listens to its signal. */
const MOST_LISTENERS = 50;

/**
 * @param deadline how long, and what else ends the work
 * @param work gets a signal that is aborted as soon as the result is no longer waited for
 * @returns what `work` returns
 * @throws the error of `work`, of `late`, or the reason of a signal, whichever is first
 */
export async function inTime<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(deadline.late()), deadline.ms);
  const signal = AbortSignal.any([end.signal, ...deadline.signals]);
  setMaxListeners(MOST_LISTENERS, signal);
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([aborted, work(signal)]);
  } finally {
    clearTimeout(timer);
    // The promise is settled: this only reaches what `work` may have left running.
    end.abort(new Error('no longer waited for'));
  }
}
