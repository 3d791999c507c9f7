import ssbFriends from 'ssb-friends';
import ssbInvite from 'ssb-invite';
import ssbServer, { type Keys, type Plugin, type SsbServer, type Stack } from 'ssb-server';
import { asFeedId, type FeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import { denyByDefault, doorKeeper, type IsMember } from './auth.js';
import type { Blobs } from './blobs/index.js';
import type { Carrier } from './feeds/carrier.js';
import type { Gate } from './gate.js';
import { inviteHooks } from './invite-hooks.js';
import { memberApi } from './member-api.js';
import type { Hold } from './own/hold.js';
import type { Peers } from './peers/peers.js';
import { quietHandshake } from './quiet-handshake.js';

/** A handshake over Tor needs four trips of a second each on a bad day; ssb-config allows 5 s. */
const HANDSHAKE_TIMEOUT_MS = 60_000;
/** A quiet member stays connected for this long; clients reconnect by themselves. */
const INACTIVITY_TIMEOUT_MS = 10 * 60_000;

/** What {@link buildStack} needs. */
export interface StackOptions {
  /** Folder of the SSB database. */
  readonly folder: string;
  readonly keys: Keys;
  /** Replicate feeds up to this distance; 1 is whom the relay follows. */
  readonly hops: number;
  readonly gate: Gate;
  readonly isMember: IsMember;
  /** Keeps the own feed from forking. */
  readonly hold: Hold;
  /** Carries feeds. */
  readonly carrier: Carrier;
  readonly blobs: Blobs;
  /** The relays of the configuration. */
  readonly peers: Peers;
  readonly transport: Plugin;
  /** As in `RelayOptions`. */
  readonly redeemMs: number | undefined;
  readonly log: Log;
}

/** secret-stack always loads the `net` transport; without it `net:` is a word that nobody knows. */
function withoutNet(stack: Stack, ...guards: Plugin[]): Stack {
  const shs = stack.plugins.findIndex((plugin) => plugin.name === 'multiserver-shs');
  stack.plugins.splice(shs, 0, quietHandshake, ...guards);
  stack.plugins = stack.plugins.filter((plugin) => plugin.name !== 'multiserver-net');
  return stack;
}

/**
 * @param options keys, folder, transport and who decides
 * @returns a running ssb-server that speaks through the given transport only
 */
export function buildStack(options: StackOptions): SsbServer {
  const { wires, feeds } = options.carrier.plugins();
  const isTrusted = async (id: string) => {
    const feed = asFeedId(id);
    return feed !== undefined && (options.peers.ids.has(feed) || options.isMember(feed));
  };
  const known = {
    isMember: options.isMember,
    peers: options.peers.ids,
    mayWitness: (feed: FeedId) => options.hold.mayWitness(feed),
  };
  const stack = withoutNet(ssbServer.createSsbServer(), wires, options.peers.guard())
    .use(feeds)
    .use(options.hold.plugin())
    .use(ssbFriends)
    .use(ssbInvite)
    .use(options.blobs.plugin(isTrusted))
    .use(options.transport)
    .use(inviteHooks(options))
    .use(memberApi(options.gate, options.log))
    .use(doorKeeper(options.gate, known, options.log))
    .use(options.peers.dialGuard());
  denyByDefault(stack.permissions);
  return stack({
    path: options.folder,
    keys: options.keys,
    connections: { incoming: {}, outgoing: {} },
    timers: { handshake: HANDSHAKE_TIMEOUT_MS, inactivity: INACTIVITY_TIMEOUT_MS },
    friends: { hops: options.hops },
  });
}
