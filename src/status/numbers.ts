import { megabytes } from './blobs.js';
import { duration } from './duration.js';
import type { Snapshot } from './snapshot.js';

/**
 * @param snapshot one look
 * @returns numbers in words, a line each, and nobody's identity: for the mail of each month
 */
export function numbersOf({ ssb, desk, machine, tor, uptimeSeconds }: Snapshot): string[] {
  const lines = [`Up for ${duration(uptimeSeconds)}; Tor restarted ${tor?.restarts ?? 0} times.`];
  if (ssb !== undefined) {
    lines.push(
      `${ssb.members} members, ${ssb.connected} of them connected now; ${ssb.reach} feeds within reach.`,
      `${ssb.blobs.count} blobs in ${megabytes(ssb.blobs.bytes)} MB.`,
    );
  }
  if (machine?.log !== undefined) lines.push(`Messages in ${megabytes(machine.log.bytes)} MB.`);
  if (desk !== undefined) {
    const { shown, solved, redeemed } = desk;
    lines.push(
      `Since the last start: ${shown} riddles shown, ${solved} solved; ${redeemed} codes redeemed.`,
    );
  }
  if (machine?.disk !== undefined) lines.push(`The disk is ${machine.disk.usedPercent} % full.`);
  return lines;
}
