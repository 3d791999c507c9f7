import { type BlobView, blobTodo } from './blobs.js';
import { type ClearnetView, clearnetTodo } from './clearnet.js';
import type { PeerView } from './peers.js';

/** How the relay is: `well`, `degraded` (works, but somebody should look) or `down`. */
export type Health = 'well' | 'degraded' | 'down';

/** What the status needs to know of Tor; times in milliseconds since 1970. */
export interface TorView {
  readonly state: string;
  readonly version?: string;
  readonly host?: string;
  readonly bootstrap: {
    readonly progress: number;
    readonly summary: string;
    readonly warning?: string;
  };
  readonly descriptors: {
    readonly wanted: number;
    readonly uploaded: number;
    readonly lastUpload?: number;
  };
  readonly clockSkewSeconds?: number;
  readonly problem?: { readonly what: string; readonly hint: string };
  readonly restarts: number;
}

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
  /** Why no more feeds are taken in at the moment, as a sentence. */
  readonly paused?: string;
}

/** What the status needs to know of the invite desk. */
export interface DeskView {
  /** Codes that visitors could get now. */
  readonly left: number;
  readonly perHour: number;
  /** Riddles, since the start. */
  readonly shown: number;
  readonly solved: number;
  readonly wrong: number;
  readonly overBudget: number;
  /** Codes redeemed, since the start. */
  readonly redeemed: number;
}

/** One look at every room; a room that is not up yet is undefined. */
export interface Rooms {
  readonly tor: TorView | undefined;
  readonly ssb: SsbView | undefined;
  readonly desk: DeskView | undefined;
  /** Whether the site listens. */
  readonly site: boolean;
  /** Left out while that profile is off. */
  readonly clearnet?: ClearnetView | undefined;
}

/** What `snug status --json` prints. */
export interface Snapshot {
  readonly health: Health;
  /** Everything is up and the onion address is published. */
  readonly ready: boolean;
  readonly version: string;
  readonly uptimeSeconds: number;
  /** The address for visitors, once Tor knows it. */
  readonly site: string | undefined;
  /** The address for SSB peers, once the relay is up. */
  readonly ssbAddress: string | undefined;
  readonly tor: TorView | undefined;
  readonly ssb: SsbView | undefined;
  readonly desk: DeskView | undefined;
  /** The page on a public domain too; undefined while that profile is off. */
  readonly clearnet: ClearnetView | undefined;
  /** What somebody should do, in words; empty when all is well. */
  readonly todo: readonly string[];
}

function todoOf(rooms: Rooms): string[] {
  const { tor, ssb } = rooms;
  const todo: string[] = [];
  if (tor?.problem !== undefined) todo.push(`${tor.problem.what} ${tor.problem.hint}`);
  else if (tor !== undefined && tor.state !== 'published') todo.push('Wait: Tor is not ready yet.');
  if (ssb !== undefined && !ssb.indexed) todo.push('Wait: SSB is still reading its log.');
  if (ssb?.paused !== undefined) {
    todo.push(`Make room: no new messages are taken in. ${ssb.paused}`);
  }
  todo.push(...blobTodo(ssb?.blobs), ...clearnetTodo(rooms.clearnet));
  if (rooms.desk?.left === 0) {
    todo.push(
      'Nothing: the codes of this hour are used up; visitors are asked to come back later.',
    );
  }
  return todo;
}

function healthOf(rooms: Rooms): Health {
  if (rooms.tor === undefined || rooms.ssb === undefined || !rooms.site) return 'down';
  if (rooms.tor.state !== 'published') return 'down';
  const { paused, blobs } = rooms.ssb;
  const sound =
    rooms.tor.problem === undefined && paused === undefined && blobs.pause === undefined;
  const offered = rooms.clearnet?.problem === undefined;
  return sound && offered && rooms.ssb.indexed ? 'well' : 'degraded';
}

/** What {@link takeSnapshot} cannot know by itself. */
export interface About {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ssbAddress: string | undefined;
}

/**
 * @param rooms one look at every room
 * @returns how the relay is, for the operator and for scripts
 */
export function takeSnapshot(rooms: Rooms, about: About): Snapshot {
  const health = healthOf(rooms);
  return {
    health,
    ready: health !== 'down',
    version: about.version,
    uptimeSeconds: Math.round(about.uptimeSeconds),
    site: rooms.tor?.host === undefined ? undefined : `http://${rooms.tor.host}`,
    ssbAddress: about.ssbAddress,
    tor: rooms.tor,
    ssb: rooms.ssb,
    desk: rooms.desk,
    clearnet: rooms.clearnet,
    todo: todoOf(rooms),
  };
}
