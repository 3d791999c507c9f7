import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mintCode } from '../../src/ssb/code.js';
import type { Gate } from '../../src/ssb/gate.js';
import { Relay, type RelayOptions } from '../../src/ssb/relay.js';
import type { FeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { parseOnionHost } from '../../src/support/onion-host.js';
import { temporaryFolder } from './relay.js';
import { type PeerOptions, type StockPeer, startPeer, throughUnixSocket } from './ssb-peer.js';

/** An address with a sound checksum that belongs to nobody here. */
export const SOME_ONION = parseOnionHost(
  '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion',
);

/** A real relay on a unix socket, a gate under the test's control, and peers that reach it. */
export interface SsbHouse {
  readonly relay: Relay;
  readonly folder: string;
  readonly socket: string;
  /** What the relay logged. */
  readonly lines: string[];
  readonly banned: Set<FeedId>;
  /** @returns a code that the gate accepts until it is redeemed */
  code(): string;
  peer(options?: PeerOptions): StockPeer;
  /** Closes the relay and opens it again on the same folder; `between` finds nobody in it. */
  restart(options?: Partial<RelayOptions>, between?: () => void): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param gate replaces answers of the gate
 * @param options replaces options of the relay
 */
export async function openSsbHouse(
  gate: Partial<Gate> = {},
  options: Partial<RelayOptions> = {},
): Promise<SsbHouse> {
  const folder = await temporaryFolder();
  const socket = join(folder, 'ssb.sock');
  const lines: string[] = [];
  const openRelay = (more: Partial<RelayOptions> = {}) =>
    Relay.open({
      folder: join(folder, 'relay'),
      listen: socket,
      socks: join(folder, 'no-socks'),
      host: SOME_ONION,
      port: 8008,
      hops: 2,
      connections: 32,
      log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
      ...options,
      ...more,
    });
  let relay = await openRelay();
  const open = new Set<FeedId>();
  const banned = new Set<FeedId>();
  const peers: StockPeer[] = [];
  const control: Gate = {
    mayRedeem: (key) => Promise.resolve(open.has(key)),
    isBanned: (feed) => banned.has(feed),
    redeem: async (key, feed) => {
      await relay.follow(feed as FeedId);
      open.delete(key);
      return { already: false };
    },
    sponsor: () => Promise.resolve({ already: false }),
    ...gate,
  };
  relay.admit(control);
  return {
    get relay() {
      return relay;
    },
    folder,
    socket,
    lines,
    banned,
    code() {
      const target = { host: SOME_ONION, port: 8008, relay: relay.id };
      const { key, code } = mintCode(target, randomBytes(32));
      open.add(key);
      return code;
    },
    peer(options = {}) {
      const name = join(folder, `peer${peers.length}`);
      const peer = startPeer(name, throughUnixSocket(socket, peers.length + 1), options);
      peers.push(peer);
      return peer;
    },
    async restart(more = {}, between = () => undefined) {
      await relay.close();
      between();
      relay = await openRelay(more);
      relay.admit(control);
    },
    async close() {
      await Promise.all(peers.map((peer) => peer.close()));
      await relay.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
