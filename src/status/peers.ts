import { duration } from './duration.js';

/** What the status needs to know of a relay in the configuration; times in ms since 1970. */
export interface PeerView {
  readonly name: string | undefined;
  readonly id: string;
  readonly state: string;
  readonly since?: number;
  readonly nextTry?: number;
  readonly lastError?: string;
}

/** Enough of a key to tell sixteen apart. */
const SHORT_ID = 9;

function age(from: number, to: number): string {
  const seconds = Math.max(0, to - from) / 1000;
  return seconds < 60 ? 'less than a minute' : duration(seconds);
}

function stateInWords(peer: PeerView, now: number): string {
  switch (peer.state) {
    case 'connected':
      return `connected for ${age(peer.since ?? now, now)}`;
    case 'waiting':
      return `next try in ${age(now, peer.nextTry ?? now)}`;
    case 'offline':
      return 'waits for Tor';
    case 'banned':
      return 'banned, so it is not dialled';
    default:
      return peer.state;
  }
}

/**
 * @param peers the relays of the configuration
 * @param now in milliseconds since 1970
 * @returns a line for each
 */
export function peerLines(peers: readonly PeerView[], now: number): string[] {
  return peers.map((peer) => {
    const short = `${peer.id.slice(0, SHORT_ID)}…`;
    const who = peer.name === undefined ? short : `${peer.name} (${short})`;
    const why = peer.lastError === undefined ? '' : `; last time ${peer.lastError}`;
    return `Peer      ${who}: ${stateInWords(peer, now)}${why}`;
  });
}
