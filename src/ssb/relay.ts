import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, SsbServer } from 'ssb-server';
import { type FeedId, parseFeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import type { OnionHost } from '../support/onion-host.js';
import { type BlobStatus, Blobs } from './blobs/index.js';
import type { BlobLimits } from './blobs/limits.js';
import { Carrier } from './feeds/carrier.js';
import { type FeedReport, FeedReports } from './feeds/reports.js';
import type { FeedLimits } from './feeds/room.js';
import { FollowGraph } from './follow-graph.js';
import type { Gate } from './gate.js';
import { requireNativeCrypto } from './native-crypto.js';
import { OwnFeed } from './own-feed.js';
import { loadOwnKey } from './own-key.js';
import { type PeerSettings, type Peers, peersOf } from './peers/peers.js';
import type { PeerStatus } from './peers/plan.js';
import { claimSockets, type RelaySockets, setSocketModes } from './sockets.js';
import { ssbTor } from './ssb-tor/index.js';
import { buildStack } from './stack.js';

/** Options of {@link Relay.open}. */
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
  /** How much of blobs is kept. */
  readonly blobs?: Partial<BlobLimits>;
  /** Most connections at a time. */
  readonly connections: number;
  readonly log: Log;
}

/** What `snug status` shows of SSB. */
export interface RelayStatus {
  readonly id: FeedId;
  readonly members: number;
  readonly reach: number;
  readonly connected: number;
  readonly peers: readonly PeerStatus[];
  readonly blobs: BlobStatus;
  readonly indexed: boolean;
  /** Why no more feeds are taken in at the moment, as a sentence. */
  readonly paused?: string;
}

/** Strangers who have not yet proven anything; the oldest gives way. */
const MOST_HANDSHAKES = 64;

/** Nobody comes in before the desk is there to decide. */
const CLOSED_GATE: Gate = {
  mayRedeem: () => Promise.resolve(false),
  isBanned: () => true,
  redeem: () => Promise.reject(new Error('not open yet')),
  sponsor: () => Promise.reject(new Error('not open yet')),
};

/** What is made before the server and works in it. */
interface Parts {
  readonly peers: Peers;
  readonly carrier: Carrier;
  readonly blobs: Blobs;
}

/** The SSB relay: ssb-server behind the onion service, and the relay's own feed. */
export class Relay {
  readonly #server: SsbServer;
  readonly #graph: FollowGraph;
  readonly #feed: OwnFeed;
  readonly #gate: { now: Gate };
  readonly #peers: Peers;
  readonly #carrier: Carrier;
  readonly #reports: FeedReports;
  readonly #blobs: Blobs;

  private constructor(server: SsbServer, folder: string, gate: { now: Gate }, parts: Parts) {
    const { peers, carrier, blobs } = parts;
    this.#server = server;
    this.#graph = new FollowGraph(server);
    this.#feed = new OwnFeed(server, folder);
    this.#gate = gate;
    this.#carrier = carrier;
    this.#reports = new FeedReports(server, this.#graph, carrier);
    this.#blobs = blobs;
    this.#peers = peers;
    void peers.start(server, this.#graph);
  }

  /**
   * Opens the database and listens. Everybody is refused until {@link Relay.admit} is called.
   *
   * @throws SnugError NO_NATIVE_CRYPTO, SSB_KEY_DAMAGED, SOCKET_IN_USE, PEER_IS_SELF
   */
  static async open(options: RelayOptions): Promise<Relay> {
    requireNativeCrypto();
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    await claimSockets(options);
    const keys = loadOwnKey(join(options.folder, 'secret'));
    const peers = peersOf(options, keys.id);
    const gate = { now: CLOSED_GATE };
    let relay: Relay | undefined;
    const carrier = new Carrier({
      id: keys.id,
      folder: options.folder,
      limits: options.limits,
      stallMs: options.stallMs,
      isBlocked: (feed) => (relay === undefined ? false : relay.#graph.blocks(feed)),
      log: options.log,
    });
    const { folder, log, blobs: limits = {} } = options;
    const blobs = new Blobs({ folder, limits, wires: carrier.wires, log });
    const server = await new Promise<SsbServer>((resolve, reject) => {
      const stack: SsbServer = buildStack({
        folder: options.folder,
        keys,
        hops: options.hops,
        log: options.log,
        gate: {
          mayRedeem: (key) => gate.now.mayRedeem(key),
          isBanned: (feed) => gate.now.isBanned(feed),
          redeem: (key, feed) => gate.now.redeem(key, feed),
          sponsor: (member, feed) => gate.now.sponsor(member, feed),
        },
        peers,
        carrier,
        blobs,
        isMember: async (feed) => (await relay?.isFollowing(feed)) === true,
        transport: ssbTor({
          ...options,
          listenPlain: options.clearnet?.listen,
          handshakes: MOST_HANDSHAKES,
          onListening: (error) => (error ? reject(error) : resolve(stack)),
        }),
      });
    });
    setSocketModes(options);
    relay = new Relay(server, options.folder, gate, { peers, carrier, blobs });
    return relay;
  }

  /** From now on the gate decides who comes in. */
  admit(gate: Gate): void {
    this.#gate.now = gate;
  }

  /** The relay's own feed. */
  get id(): FeedId {
    return parseFeedId(this.#server.id);
  }

  /** Where peers find the relay, as a multiserver address. */
  get address(): string {
    return this.#server.getAddress() ?? '';
  }

  /** @returns whether the relay itself follows the feed */
  isFollowing(feed: FeedId): Promise<boolean> {
    return this.#graph.isFollowing(feed);
  }

  /** @returns whether the relay publicly blocks the feed */
  isBlocking(feed: FeedId): Promise<boolean> {
    return this.#graph.isBlocking(feed);
  }

  /** Publishes a follow, as ssb-invite does; resolves once it is on the disk and counts. */
  async follow(feed: FeedId): Promise<void> {
    await this.#feed.publish({ type: 'contact', contact: feed, following: true, pub: true });
    await this.#graph.until(feed, 'follow');
  }

  /** Publishes a block, which also ends the follow, and hangs up on the feed. */
  async block(feed: FeedId): Promise<void> {
    await this.#feed.publish({ type: 'contact', contact: feed, following: false, blocking: true });
    await this.#graph.until(feed, 'block');
    this.#peers.setBlocked(feed, true);
    for (const peer of [...(this.#server.peers[feed] ?? [])]) peer.close(true);
  }

  /** Publishes the end of a block. The feed is not followed again by that. */
  async unblock(feed: FeedId): Promise<void> {
    await this.#feed.publish({ type: 'contact', contact: feed, following: false, blocking: false });
    await this.#graph.until(feed, 'none');
    this.#peers.setBlocked(feed, false);
  }

  /** @param online whether Tor can reach others: only then are the listed relays dialled */
  setOnline(online: boolean): void {
    this.#peers.setOnline(online);
  }

  /**
   * Dials a listed relay through Tor.
   * @param address as listed; any other is refused
   */
  connect(address: string): Promise<Peer> {
    return new Promise((resolve, reject) => {
      this.#server.connect(address, (error, peer) =>
        peer === undefined ? reject(error) : resolve(peer),
      );
    });
  }

  /** @returns how the members' feeds stand here */
  async feeds(): Promise<FeedReport[]> {
    await this.#graph.ready;
    return this.#graph.members().map((feed) => this.#reports.of(feed));
  }

  /** @returns how a feed stands here, whether it is a member's or not */
  async feed(feed: FeedId): Promise<FeedReport> {
    await this.#graph.ready;
    return this.#reports.of(feed);
  }

  /** @returns what is known without asking the disk */
  status(): RelayStatus {
    const connected = Object.values(this.#server.peers).filter((peers) => peers.length > 0);
    return {
      id: this.id,
      ...this.#graph.count(),
      connected: connected.length,
      peers: this.#peers.status(),
      blobs: this.#blobs.status(),
      indexed: this.#server.since().sync,
      ...(this.#carrier.paused === undefined ? {} : { paused: this.#carrier.paused }),
    };
  }

  /** Hangs up on everybody and closes the database. */
  async close(): Promise<void> {
    this.#peers.stop();
    for (const peers of Object.values(this.#server.peers)) {
      for (const peer of [...peers]) peer.close(true);
    }
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
