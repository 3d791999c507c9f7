import type { Permissions } from 'ssb-server';

/** muxrpc sends an error with its stack to the peer: the folders of this machine are no one's business. */
export function withoutStack(error: Error): Error {
  delete error.stack;
  return error;
}

/**
 * Permissions that muxrpc takes as they are (permissions.js, isPerms), because those that it makes
 * from a list answer a forbidden call with a stack of file names.
 */
function onlyThese(allow: string[]): Permissions {
  const refuse = (name: string | string[]) => {
    const method = [name].flat().join('.');
    if (allow.includes(method)) return undefined;
    return withoutStack(new Error(`method:${method} is not in list of allowed methods`));
  };
  return { allow, deny: null, pre: refuse, test: refuse, post: () => undefined };
}

/** What strangers may call who are let in only to be asked (own/witnesses.ts). */
export const WITNESS_PERMISSIONS = onlyThese([]);

/** What the key of an unused code may call: redeem it, and ask where this relay is. */
export const CODE_PERMISSIONS = onlyThese(['invite.use', 'getAddress']);

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

/** What a followed feed may call: what carries feeds, and `follow` by the specification. */
export const MEMBER_PERMISSIONS = onlyThese(['follow', ...REPLICATION]);

/**
 * What a relay of the configuration may call, at our door or where we dialled it: all that carries
 * feeds, but nothing that asks us to follow.
 */
export const PEER_PERMISSIONS = onlyThese(REPLICATION);
