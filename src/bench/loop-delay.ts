/**
 * Loaded in front of the relay (`node --import`): measures for how long its main thread, where the
 * site lives, cannot turn to anything new. Asked over the process channel.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** In milliseconds, since the last time it was asked. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION_MS = 5;
const NS_PER_MS = 1e6;

if (isMainThread && process.send !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on('message', () => {
    // The timer of the measurement itself sleeps for the resolution.
    const ms = (ns: number) => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS);

    process.send?.({
      p50: ms(delay.percentile(50)),
      p99: ms(delay.percentile(99)),
      max: ms(delay.max),
    });
    delay.reset();
  });
  process.channel?.unref();
}
