import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, SsbServer } from 'ssb-server';
import { type FeedId, parseFeedId } from '../support/feed-id.js';
import { Blobs } from './blobs/index.js';
import { Connections } from './connections.js';
import { DOOR_LIMITS } from './door-limits.js';
import { Carrier } from './feeds/carrier.js';
import { type FeedReport, FeedReports } from './feeds/reports.js';
import { FollowGraph } from './follow-graph.js';
import type { Gate } from './gate.js';
import { GatePost } from './gate-post.js';
import { requireNativeCrypto } from './native-crypto.js';
import { Hold } from './own/hold.js';
import type { OwnFeedRecord } from './own/record.js';
import { OwnFeed, type OwnFeedNews } from './own-feed.js';
import { loadOwnKey } from './own-key.js';
import { type Peers, peersOf } from './peers/peers.js';
import type { RelayOptions, RelayStatus } from './relay-options.js';
import { claimSockets, setSocketModes } from './sockets.js';
import { ssbTor } from './ssb-tor/index.js';
import { buildStack } from './stack.js';

export type { RelayOptions, RelayStatus };

/** What is made before the server and works in it. */
interface Parts {
  readonly peers: Peers;
  readonly carrier: Carrier;
  readonly blobs: Blobs;
  readonly hold: Hold;
}

/** The SSB relay: ssb-server behind the onion service, and the relay's own feed. */
export class Relay {
  readonly #server: SsbServer;
  readonly #connections: Connections;
  readonly #graph: FollowGraph;
  readonly #feed: OwnFeed;
  readonly #gate: GatePost;
  readonly #peers: Peers;
  readonly #carrier: Carrier;
  readonly #reports: FeedReports;
  readonly #blobs: Blobs;
  readonly #hold: Hold;

  private constructor(server: SsbServer, folder: string, gate: GatePost, parts: Parts) {
    const { peers, carrier, blobs, hold } = parts;
    this.#server = server;
    this.#connections = new Connections(server);
    this.#graph = new FollowGraph(server);
    this.#feed = new OwnFeed({ server, folder, hold, graph: this.#graph, carrier });
    this.#hold = hold;
    this.#gate = gate;
    this.#carrier = carrier;
    this.#reports = new FeedReports(server, this.#graph, carrier);
    this.#blobs = blobs;
    this.#peers = peers;
    void peers.start(server, this.#graph);
    this.#feed.start(peers.ids);
  }

  /**
   * Opens the database and listens; resolves once it is known what is in the log. Everybody is
   * refused until {@link Relay.admit} is called.
   *
   * @throws SnugError NO_NATIVE_CRYPTO, SSB_KEY_DAMAGED, SOCKET_IN_USE, PEER_IS_SELF
   */
  static async open(options: RelayOptions): Promise<Relay> {
    requireNativeCrypto();
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    await claimSockets(options);
    const keys = loadOwnKey(join(options.folder, 'secret'));
    const peers = peersOf(options, keys.id);
    const gate = new GatePost();
    let relay: Relay | undefined;
    const { folder, log, limits, stallMs } = options;
    const carrier = new Carrier({
      id: keys.id,
      folder,
      limits,
      stallMs,
      isBlocked: (feed) => (relay === undefined ? false : relay.#graph.blocks(feed)),
      onOwn: ({ sequence, previous }) => hold.brought(sequence, previous),
      onClaim: (peer, sequence) => hold.claimed(peer, sequence),
      log,
    });
    const hold = new Hold({ folder, wires: carrier.wires, timings: options.hold, log });
    const blobs = new Blobs({ folder, limits: options.blobs ?? {}, wires: carrier.wires, log });
    const server = await new Promise<SsbServer>((resolve, reject) => {
      const stack: SsbServer = buildStack({
        folder,
        keys,
        hops: options.hops,
        log,
        gate: gate.guardedBy(hold),
        hold,
        peers,
        carrier,
        blobs,
        redeemMs: options.redeemMs,
        isMember: async (feed) => hold.knows(feed) || (await relay?.isFollowing(feed)) === true,
        transport: ssbTor({
          ...options,
          listenPlain: options.clearnet?.listen,
          ...DOOR_LIMITS,
          onListening: (error) => (error ? reject(error) : resolve(stack)),
        }),
      });
    });
    await setSocketModes(options);
    relay = new Relay(server, folder, gate, { peers, carrier, blobs, hold });
    await carrier.loaded;
    // What a crash has left to the kernel, peers would be given.
    await relay.#feed.sync();
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
    await this.#feed.say(feed, 'follow', { following: true, pub: true });
  }

  /**
   * Publishes the end of a follow and hangs up on the feed, unless the operator has listed it as a
   * relay. It stays within reach for as long as a member follows it, as the configured hops say.
   */
  async unfollow(feed: FeedId): Promise<void> {
    await this.#feed.say(feed, 'none', { following: false, pub: true });
    if (!this.#peers.ids.has(feed)) this.#connections.hangUp(feed);
  }

  /**
   * What the desk says of a feed counts at once, also where nothing can be published: a banned one
   * is hung up on, neither dialled nor carried nor served. The door asks the desk itself.
   */
  async setBanned(feed: FeedId, banned: boolean): Promise<void> {
    this.#carrier.carried.setBanned(feed, banned);
    this.#peers.setBanned(feed, banned);
    if (banned) this.#connections.hangUp(feed);
  }

  /** Publishes a block, which also ends the follow. See {@link Relay.setBanned}, which comes first. */
  async block(feed: FeedId): Promise<void> {
    await this.#feed.say(feed, 'block', { following: false, blocking: true });
    this.#peers.setBlocked(feed, true);
    this.#connections.hangUp(feed);
  }

  /** Publishes the end of a block. The feed is not followed again by that. */
  async unblock(feed: FeedId): Promise<void> {
    await this.#feed.say(feed, 'none', { following: false, blocking: false });
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
      this.#server.connect(address, (error, peer) => (peer ? resolve(peer) : reject(error)));
    });
  }

  /** @returns how the members' feeds stand here */
  async feeds(): Promise<FeedReport[]> {
    return await this.#reports.members();
  }

  /** @returns how a feed stands here, whether it is a member's or not */
  async feed(feed: FeedId): Promise<FeedReport> {
    return await this.#reports.of(feed);
  }

  /** @returns what is known without asking the disk */
  status(): RelayStatus {
    return {
      id: this.id,
      ...this.#graph.count(),
      ...this.#connections.status(),
      peers: this.#peers.status(),
      blobs: this.#blobs.status(),
      indexed: this.#server.since().sync,
      ownFeed: this.#hold.status(),
      ...(this.#carrier.paused === undefined ? {} : { paused: this.#carrier.paused }),
    };
  }

  /** @returns how far the own feed has come, for a backup */
  ownFeed(): Promise<OwnFeedRecord> {
    return this.#feed.record();
  }

  /** Resolves once a hold is over as far as peers are concerned; nothing is published before {@link Relay.publishAgain}. */
  untilOwnFeedBack(): Promise<OwnFeedNews> {
    return this.#feed.untilBack();
  }

  /** Publishing goes on, once what came back cannot be lost again. */
  async publishAgain(): Promise<void> {
    await this.#feed.sync();
    this.#hold.release();
  }

  /** The own feed is waited for no longer, whatever comes of it. */
  giveUpWaiting(): void {
    this.#hold.giveUp();
  }

  /** Hangs up on everybody and closes the database. */
  async close(): Promise<void> {
    this.#peers.stop();
    this.#connections.hangUpOnAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
