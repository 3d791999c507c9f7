import type { Peer, Permissions } from 'ssb-server';
import type { Places } from './ssb-tor/listen.js';

/** What one who comes in may do: methods, and how much at a time. */
export interface Granted extends Permissions {
  /** Most streams that the peer has opened and not ended. */
  readonly streams: number;
  /** Connections with the same key. */
  readonly places: Places;
}

/**
 * How many arguments the methods with a callback take. muxrpc appends the callback to whatever the
 * peer sent, so that with one argument too few or too many another value would be taken for it.
 */
const ARGUMENTS: Readonly<Record<string, number>> = { 'invite.use': 1, follow: 1, 'blobs.has': 1 };

function fits(method: string, args: unknown): boolean {
  if (!Array.isArray(args)) return false;
  const takes = ARGUMENTS[method];
  return takes === undefined || (args.length === takes + 1 && typeof args[takes] === 'function');
}

/**
 * Permissions that muxrpc takes as they are (permissions.js, isPerms). Every call of a peer comes by here.
 */
function onlyThese(allow: string[], most: Pick<Granted, 'streams' | 'places'>): Granted {
  const test = (name: string | string[]) => {
    const method = [name].flat().join('.');
    if (allow.includes(method)) return undefined;
    return new Error(`method:${method} is not in list of allowed methods`);
  };
  const pre = (name: string | string[], args: unknown) => {
    const refused = test(name);
    if (refused !== undefined) return refused;
    const method = [name].flat().join('.');
    return fits(method, args) ? undefined : new Error(`wrong arguments for ${method}`);
  };
  return { allow, deny: null, pre, test, post: () => undefined, ...most };
}

/**
 * Legacy replication opens a stream for each feed; ours answers 5000 of them (feeds/serving.ts). A
 * stock client tries so too where it may not, and ends each stream once it hears that.
 */
const STREAMS = 6000;
const STREAMS_OF_CODE = 1000;

/** A client that dials again has often lost its old connection, of which we do not know yet. */
const PLACES: Places = { most: 4, givesWay: 'oldest' };
/** Whoever redeems a code must hear of it, whoever else comes with the same code meanwhile. */
const PLACES_OF_CODE: Places = { most: 2, givesWay: 'newest' };

/** What strangers may call who are let in only to be asked (own/witnesses.ts). */
export const WITNESS_PERMISSIONS = onlyThese([], { streams: STREAMS, places: PLACES });

/** What the key of an unused code may call: redeem it, and ask where this relay is. */
export const CODE_PERMISSIONS = onlyThese(['invite.use', 'getAddress'], {
  streams: STREAMS_OF_CODE,
  places: PLACES_OF_CODE,
});

/**
 * `createHistoryStream` is asked for by the specification, most clients replicate by
 * `ebt.replicate`, and the rest is to say hello.
 */
const REPLICATION = [
  'createHistoryStream',
  'ebt.replicate',
  // ssb-blobs' protocol between peers; `has` is for those that ask before they want.
  'blobs.createWants',
  'blobs.get',
  'blobs.has',
  'manifest',
  'getAddress',
  'whoami',
];

const KNOWN = { streams: STREAMS, places: PLACES };

/** What a followed feed may call: what carries feeds, and `follow` by the specification. */
export const MEMBER_PERMISSIONS = onlyThese(['follow', ...REPLICATION], KNOWN);

/**
 * What a relay of the configuration may call, at our door or where we dialled it: all that carries
 * feeds, but nothing that asks us to follow.
 */
export const PEER_PERMISSIONS = onlyThese(REPLICATION, KNOWN);

const ALL = [WITNESS_PERMISSIONS, CODE_PERMISSIONS, MEMBER_PERMISSIONS, PEER_PERMISSIONS];

/**
 * @param auth what the door has answered at the handshake; nothing where we dialled, which are
 *   relays of the configuration
 */
export function grantedBy(auth: unknown): Granted {
  return ALL.find((granted) => granted === auth) ?? PEER_PERMISSIONS;
}

/** What goes through multiserver to the rpc object with the stream (feeds/wires.ts). */
export interface GrantedMeta {
  granted?: Granted;
}

/** @returns what this connection may do */
export function grantedTo(peer: Peer): Granted {
  return (peer.meta as GrantedMeta | undefined)?.granted ?? PEER_PERMISSIONS;
}
