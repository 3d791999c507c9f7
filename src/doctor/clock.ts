import { stat } from 'node:fs/promises';
import type { Check, Found } from './finding.js';

/** Snug is not older than this: a clock before it has never been set. */
const FIRST_DAY = Date.UTC(2026, 0, 1);
/** Tor gives up when its clock is off by about so much; milliseconds. */
const TOLERATED = 3_600_000;

const REASON = 'Tor needs the clock right to about an hour, and codes expire by it.';
const REMEDY = 'Set it: sudo timedatectl set-ntp true, or sudo date --set with the right time.';

function wrong(what: string): Found {
  return { grave: true, what, reason: REASON, remedy: REMEDY };
}

/** @returns when a file was changed last, in milliseconds since 1970; 0 when it is not there */
async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/**
 * No other clock can be asked, for only Tor talks to the network. What the relay has written tells
 * when it was last, and a time before that is wrong.
 *
 * @param files that the relay writes to
 * @param now milliseconds since 1970
 */
export function clock(files: readonly string[], now: () => number): Check {
  return {
    name: 'clock',
    async look() {
      const time = now();
      const shown = new Date(time).toISOString().slice(0, 16).replace('T', ' ');
      if (time < FIRST_DAY) return [wrong(`The clock says ${shown} UTC, which is long past.`)];
      const newest = Math.max(...(await Promise.all(files.map(changedAt))), 0);
      if (newest <= time + TOLERATED) return [];
      const then = new Date(newest).toISOString().slice(0, 16).replace('T', ' ');
      return [wrong(`The clock says ${shown} UTC, but the relay wrote something at ${then}.`)];
    },
  };
}
