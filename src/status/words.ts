import { blobLine } from './blobs.js';
import { boardLine } from './board.js';
import { clearnetLines } from './clearnet.js';
import { deskLine } from './desk.js';
import { diskLine } from './disk.js';
import { duration } from './duration.js';
import { mailLine } from './mail.js';
import { ownFeedLines } from './own-feed.js';
import { peerLines } from './peers.js';
import type { Snapshot } from './snapshot.js';
import { logLine, ssbLine } from './ssb.js';
import { torInWords, torLines } from './tor.js';
import { visitsLine } from './visits.js';

const HEADLINES = {
  well: 'Snug is well.',
  degraded: 'Snug works, but needs a look.',
  down: 'Snug cannot be reached by visitors.',
} as const;

/** What cannot be found out has no line. */
function line<T>(view: T | undefined, inWords: (view: T) => string): string[] {
  return view === undefined ? [] : [inWords(view)];
}

/**
 * @param snapshot as `snug status --json` gives it
 * @param now in milliseconds since 1970
 * @returns one line, for the service manager
 */
export function inShort({ health, site, tor, todo }: Snapshot, now = Date.now()): string {
  if (health === 'well') return `${site}/invite/ is published.`;
  if (tor !== undefined && tor.problem === undefined && tor.state !== 'published') {
    return `Tor: ${torInWords(tor, now)}.`;
  }
  return todo[0] ?? HEADLINES[health];
}

/**
 * @param snapshot as `snug status --json` gives it
 * @param now in milliseconds since 1970
 * @returns the same for people, lines with no line end
 */
export function inWords(snapshot: Snapshot, now = Date.now()): string[] {
  const { site, tor, visits, ssb, ssbAddress, desk, machine } = snapshot;
  return [
    HEADLINES[snapshot.health],
    `Version   ${snapshot.version}, up ${duration(snapshot.uptimeSeconds)}`,
    `Site      ${site === undefined ? 'no address yet' : `${site}/invite/`}`,
    ...clearnetLines(snapshot.clearnet),
    ...torLines(tor, now),
    ...line(visits, visitsLine),
    ssbLine(ssb),
    ...ownFeedLines(ssb?.ownFeed),
    ...line(machine?.log, (log) => logLine(log, now)),
    ...line(ssb?.blobs, blobLine),
    ...line(ssbAddress, (address) => `For peers ${address}`),
    ...peerLines(ssb?.peers ?? [], now),
    deskLine(desk),
    mailLine(snapshot.mail, now),
    ...line(machine?.disk, diskLine),
    ...line(machine?.board, boardLine),
    ...snapshot.todo.map((text) => `To do     ${text}`),
  ];
}

/**
 * @param snapshot one look
 * @returns its lines without what changes by itself as time passes: two looks whose lines differ
 *   are worth telling
 */
export function lastingWords(snapshot: Snapshot): string {
  const { tor, visits, ssb, machine, todo, health } = snapshot;
  const { lastUpload: _, ...descriptors } = tor?.descriptors ?? {};
  return JSON.stringify([
    health,
    todo,
    tor && { ...tor, descriptors },
    visits?.ailment?.what,
    ssb && [ssb.members, ssb.connected, ssb.reach, ssb.indexed, ssb.blobs.count],
    ssb?.peers.map(({ id, state }) => [id, state]),
    snapshot.desk,
    snapshot.mail && [snapshot.mail.queued, snapshot.mail.trouble?.text],
    machine?.disk?.usedPercent,
    machine?.board && { ...machine.board, celsius: undefined },
  ]);
}
