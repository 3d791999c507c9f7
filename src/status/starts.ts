import { readFileSync } from 'node:fs';
import type { Clock } from '../support/clock.js';
import { writeDurably } from '../support/durable-file.js';
import { codeOf } from '../support/errors.js';

const HOUR_MS = 3_600_000;
/** Starts that are remembered. */
const MOST = 20;
/** This many within an hour are no longer somebody who sets things up. */
const LOOP = 5;

function readTimes(file: string): number[] {
  try {
    const times: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(times) ? times.filter((time) => Number.isFinite(time)) : [];
  } catch (error) {
    // A damaged list is no reason not to start; it begins anew.
    if (codeOf(error) !== undefined && codeOf(error) !== 'ENOENT') throw error;
    return [];
  }
}

/**
 * Notes that the relay starts, beside its last starts. How long ago those were, the machine's clock
 * says once, now; from then on a steady one counts, for the machine's may be set meanwhile.
 *
 * @param file of the list; bounded, 0600
 * @param now in milliseconds since 1970
 * @param clock a steady one
 * @returns counts, whenever it is asked, the starts of the hour before, this one included
 * @throws the error of the file system; the start itself does not depend on the list
 */
export function noteStart(file: string, now: number, clock: Pick<Clock, 'now'>): () => number {
  // After the clock was set back, later times mean nothing.
  const times = [...readTimes(file).filter((time) => time <= now), now].slice(-MOST);
  writeDurably(file, `${JSON.stringify(times)}\n`);
  const begun = clock.now();
  return () => times.filter((time) => now - time + clock.now() - begun < HOUR_MS).length;
}

/** @returns whether so many starts within an hour are a loop */
export function isLoop(starts: number): boolean {
  return starts >= LOOP;
}

/** @returns what somebody should do about a relay that starts again and again, in words */
export function startsTodo(starts: number): string[] {
  if (!isLoop(starts)) return [];
  return [
    `Look at the log ("snug log"): the relay started ${starts} times within an hour, so something ends it again and again.`,
  ];
}
