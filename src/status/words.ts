import { blobLine } from './blobs.js';
import { clearnetLines } from './clearnet.js';
import { duration } from './duration.js';
import { peerLines } from './peers.js';
import type { DeskView, Snapshot, SsbView, TorView } from './snapshot.js';

const HEADLINES = {
  well: 'Snug is well.',
  degraded: 'Snug works, but needs a look.',
  down: 'Snug cannot be reached by visitors.',
} as const;

function torInWords(tor: TorView): string {
  const { progress, summary } = tor.bootstrap;
  switch (tor.state) {
    case 'published':
      return 'published: the onion address can be reached';
    case 'publishing':
      return `publishing the onion address (${tor.descriptors.uploaded} of ${tor.descriptors.wanted} descriptors)`;
    case 'bootstrapping':
      return `connecting, ${progress} % (${summary})`;
    case 'restarting':
      return `restarting (${tor.restarts} so far)`;
    default:
      return tor.state;
  }
}

function torLines(tor: TorView | undefined): string[] {
  if (tor === undefined) return ['Tor       not started'];
  const version = tor.version === undefined ? '' : ` ${tor.version}`;
  return [`Tor${version.padEnd(7)} ${torInWords(tor)}`];
}

function ssbLine(ssb: SsbView | undefined): string {
  if (ssb === undefined) return 'SSB       not started';
  return `SSB       ${ssb.members} members, ${ssb.connected} connected, ${ssb.reach} feeds within reach`;
}

function deskLine(desk: DeskView | undefined): string {
  if (desk === undefined) return 'Invites   not started';
  const riddles = `${desk.shown} riddles shown, ${desk.solved} solved, ${desk.wrong} wrong`;
  return `Invites   ${desk.left} codes left (${desk.perHour} an hour); ${riddles}; ${desk.redeemed} codes redeemed`;
}

/**
 * @param snapshot as `snug status --json` gives it
 * @param now in milliseconds since 1970
 * @returns the same for people, lines with no line end
 */
export function inWords(snapshot: Snapshot, now = Date.now()): string[] {
  return [
    HEADLINES[snapshot.health],
    `Version   ${snapshot.version}, up ${duration(snapshot.uptimeSeconds)}`,
    `Site      ${snapshot.site === undefined ? 'no address yet' : `${snapshot.site}/invite/`}`,
    ...clearnetLines(snapshot.clearnet),
    ...torLines(snapshot.tor),
    ssbLine(snapshot.ssb),
    ...(snapshot.ssb === undefined ? [] : [blobLine(snapshot.ssb.blobs)]),
    ...(snapshot.ssbAddress === undefined ? [] : [`For peers ${snapshot.ssbAddress}`]),
    ...peerLines(snapshot.ssb?.peers ?? [], now),
    deskLine(snapshot.desk),
    ...snapshot.todo.map((line) => `To do     ${line}`),
  ];
}
