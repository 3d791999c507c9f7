import type { FeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import type { OnionHost } from '../support/onion-host.js';
import type { BlobStatus } from './blobs/index.js';
import type { BlobLimits } from './blobs/limits.js';
import type { FeedLimits } from './feeds/room.js';
import type { HoldTimings, OwnFeedStatus } from './own/hold-types.js';
import type { PeerSettings } from './peers/peers.js';
import type { PeerStatus } from './peers/plan.js';
import type { RelaySockets } from './sockets.js';

/** Options of `Relay.open`. */
export interface RelayOptions extends PeerSettings, RelaySockets {
  /** Folder of the relay's key and database; made 0700. */
  readonly folder: string;
  /** Unix socket of Tor's SocksPort. */
  readonly socks: string;
  /** Where clients find the relay. */
  readonly host: OnionHost;
  readonly port: number;
  /** How far from the relay feeds are replicated. */
  readonly hops: number;
  /** How much of feeds is kept; what suits a small board if not given. */
  readonly limits?: FeedLimits;
  /** How long a peer may read nothing while something waits for it; 2 minutes if not given. */
  readonly stallMs?: number;
  /** How long the key of a code may be here before it redeems it; 1 minute if not given. */
  readonly redeemMs?: number;
  /** How much of blobs is kept. */
  readonly blobs?: Partial<BlobLimits>;
  /** Most connections at a time. */
  readonly connections: number;
  /** How long the relay waits for its own feed before it publishes, after a restore. */
  readonly hold?: Partial<HoldTimings>;
  readonly log: Log;
}

/** What `snug status` shows of SSB. */
export interface RelayStatus {
  readonly id: FeedId;
  readonly members: number;
  readonly reach: number;
  readonly connected: number;
  /** How often somebody came through Tor and was let in, since the start. */
  readonly arrivals: number;
  readonly peers: readonly PeerStatus[];
  readonly blobs: BlobStatus;
  readonly indexed: boolean;
  readonly ownFeed: OwnFeedStatus;
  /** Why no more feeds are taken in at the moment, as a sentence. */
  readonly paused?: string;
}
