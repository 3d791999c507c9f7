import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer } from 'ssb-server';
import { loadOwnKey } from '../../src/ssb/own-key.js';
import type { LinkTimings } from '../../src/ssb/peers/link.js';
import type { PeerPlan } from '../../src/ssb/peers/plan.js';
import { Relay } from '../../src/ssb/relay.js';
import { asFeedId, type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { type OnionHost, parseOnionHost } from '../../src/support/onion-host.js';
import { type OnionSwitch, openSwitch } from './onion-switch.js';
import { temporaryFolder } from './relay.js';
import { type StockPeer, startPeer, throughUnixSocket } from './ssb-peer.js';

/** Sound addresses; nobody is reached there but through the switch. */
const HOSTS = {
  a: parseOnionHost('2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion'),
  b: parseOnionHost('duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion'),
} as const;

export type Name = keyof typeof HOSTS;

/** A relay of the pair, or one that is not open. */
export interface PairedRelay {
  readonly name: Name;
  readonly id: FeedId;
  readonly host: OnionHost;
  readonly socket: string;
  readonly lines: string[];
}

const SOON: LinkTimings = { retryFirst: 200, retryLongest: 400, attempt: 20_000, stable: 60_000 };

/** Two relays' places behind one switch; which are open, and whom they list, a test decides. */
export class RelayPair {
  readonly folder: string;
  readonly net: OnionSwitch;
  readonly #places: Record<Name, PairedRelay>;
  readonly #open = new Map<Name, Relay>();
  readonly #members: StockPeer[] = [];

  private constructor(folder: string, net: OnionSwitch) {
    this.folder = folder;
    this.net = net;
    const place = (name: Name): PairedRelay => {
      mkdirSync(join(folder, name), { mode: 0o700 });
      const id = parseFeedId(loadOwnKey(join(folder, name, 'secret')).id);
      return { name, id, host: HOSTS[name], socket: join(folder, `${name}.sock`), lines: [] };
    };
    this.#places = { a: place('a'), b: place('b') };
  }

  static async make(): Promise<RelayPair> {
    const folder = await temporaryFolder();
    return new RelayPair(folder, await openSwitch(join(folder, 'socks')));
  }

  place(name: Name): PairedRelay {
    return this.#places[name];
  }

  plan(name: Name): PeerPlan {
    const { id, host } = this.#places[name];
    return { name, id, host, port: 8008, line: undefined };
  }

  /** @param lists whom it lists */
  async open(
    name: Name,
    lists: readonly PeerPlan[],
    options: { hops?: number; timings?: LinkTimings } = {},
  ): Promise<Relay> {
    const { host, socket, lines } = this.#places[name];
    const relay = await Relay.open({
      folder: join(this.folder, name),
      listen: socket,
      socks: join(this.folder, 'socks'),
      host,
      port: 8008,
      hops: options.hops ?? 2,
      connections: 32,
      peers: lists,
      timings: options.timings ?? SOON,
      log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
    });
    relay.admit({
      mayRedeem: () => Promise.resolve(false),
      isBanned: () => false,
      redeem: () => Promise.reject(new Error('no codes here')),
      sponsor: () => Promise.resolve({ already: false }),
    });
    this.net.routes.set(host, socket);
    this.#open.set(name, relay);
    return relay;
  }

  /** The relay is gone, as after a power cut as far as others can see. */
  async shut(name: Name): Promise<void> {
    this.net.routes.delete(this.#places[name].host);
    await this.#open.get(name)?.close();
    this.#open.delete(name);
  }

  /** @returns a member of the relay, connected to it */
  async member(name: Name): Promise<{ peer: StockPeer; code: string }> {
    const { id, host, socket } = this.#places[name];
    const circuit = 100 + this.#members.length;
    const peer = startPeer(
      join(this.folder, `member${circuit}`),
      throughUnixSocket(socket, circuit),
    );
    this.#members.push(peer);
    const feed = asFeedId(peer.id);
    if (feed !== undefined) await this.#open.get(name)?.follow(feed);
    const code = `${host}:8008:${id}~seed`;
    return { peer, code };
  }

  /** @returns a connection to `to` with the key of a relay that is not open itself */
  async connectAs(name: Name, to: Name): Promise<Peer> {
    const keys = loadOwnKey(join(this.folder, name, 'secret'));
    const { id, host, socket } = this.#places[to];
    const circuit = 100 + this.#members.length;
    const dial = throughUnixSocket(socket, circuit);
    const peer = startPeer(join(this.folder, `member${circuit}`), dial, { keys });
    this.#members.push(peer);
    return peer.connect(`${host}:8008:${id}~seed`);
  }

  async close(): Promise<void> {
    // Relays first: a stock peer that is closed while feeds come in throws.
    for (const relay of this.#open.values()) await relay.close();
    await Promise.all(this.#members.map((peer) => peer.close()));
    await this.net.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
