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

/** What the key of an unused code may call: redeem it, and ask where this relay is. */
export const CODE_PERMISSIONS = onlyThese(['invite.use', 'getAddress']);

/**
 * What a followed feed may call: `follow` and `createHistoryStream` by the specification,
 * `ebt.replicate` because most clients replicate that way, the rest to say hello.
 */
export const MEMBER_PERMISSIONS = onlyThese([
  'follow',
  'createHistoryStream',
  'ebt.replicate',
  'manifest',
  'getAddress',
  'whoami',
]);

/** What a peer may call that we dialled ourselves: to say hello. */
export const DIALLED_PERMISSIONS = onlyThese(['manifest']);
