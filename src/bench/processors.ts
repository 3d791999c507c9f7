import { cpus } from 'node:os';

function times(): { idle: number; all: number } {
  let [idle, all] = [0, 0];
  for (const cpu of cpus()) {
    idle += cpu.times.idle;
    all += Object.values(cpu.times).reduce((sum, time) => sum + time, 0);
  }
  return { idle, all };
}

/**
 * Starts to watch the machine's processors.
 * @returns asked at the end, how much of them was in use in between, from 0 to 1: when that is
 *   near 1, a faster program would not have been faster here
 */
export function watchProcessors(): () => number {
  const began = times();
  return () => {
    const now = times();
    return 1 - (now.idle - began.idle) / Math.max(1, now.all - began.all);
  };
}
