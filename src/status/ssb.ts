import { type BlobView, blobTodo, megabytes } from './blobs.js';
import { ago } from './duration.js';
import type { LogView } from './machine.js';
import { type OwnFeedView, ownFeedTodo } from './own-feed.js';
import type { PeerView } from './peers.js';

/** What the status needs to know of SSB. */
export interface SsbView {
  readonly id: string;
  readonly members: number;
  readonly reach: number;
  readonly connected: number;
  /** The relays of the configuration. */
  readonly peers: readonly PeerView[];
  readonly blobs: BlobView;
  readonly indexed: boolean;
  readonly ownFeed?: OwnFeedView;
  /** Why no more feeds are taken in at the moment, as a sentence. */
  readonly paused?: string;
}

/** @returns the line of members and feeds for people */
export function ssbLine(ssb: SsbView | undefined): string {
  if (ssb === undefined) return 'SSB       not started';
  const members = ssb.members === 1 ? '1 member' : `${ssb.members} members`;
  return `SSB       ${members}, ${ssb.connected} connected, ${ssb.reach} feeds within reach`;
}

/**
 * @param log the file of all messages
 * @param now in milliseconds since 1970
 * @returns its line for people
 */
export function logLine(log: LogView, now: number): string {
  if (log.bytes === 0) return 'Messages  none yet';
  const last = ago((now - log.lastMessage) / 1000);
  return `Messages  ${megabytes(log.bytes)} MB, the last one taken in ${last}`;
}

/** @returns what somebody should do about SSB, in words; waiting for it is not among that */
export function ssbTodo(ssb: SsbView | undefined): string[] {
  if (ssb === undefined) return [];
  const paused =
    ssb.paused === undefined ? [] : [`Make room: no new messages are taken in. ${ssb.paused}`];
  return [...ownFeedTodo(ssb.ownFeed), ...paused, ...blobTodo(ssb.blobs)];
}
