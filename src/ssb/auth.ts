import type { Permissions, Plugin } from 'ssb-server';
import { SnugError } from '../support/errors.js';
import { asFeedId, type FeedId } from '../support/feed-id.js';
import type { Gate } from './gate.js';
import { CODE_PERMISSIONS, DIALLED_PERMISSIONS, MEMBER_PERMISSIONS } from './permissions.js';

/** @returns whether the relay itself follows this feed */
export type IsMember = (feed: FeedId) => Promise<boolean>;

async function decide(gate: Gate, isMember: IsMember, id: string): Promise<Permissions> {
  const key = asFeedId(id);
  if (key !== undefined && !gate.isBanned(key)) {
    if (await isMember(key)) return MEMBER_PERMISSIONS;
    if (await gate.mayRedeem(key)) return CODE_PERMISSIONS;
  }
  throw new SnugError('STRANGER', 'Strangers are not served.');
}

/**
 * Decides at the secret handshake who may come in: members, keys of codes, and nobody else.
 * secret-stack by default lets everybody in and lets strangers read feeds (plugins/shs.js:
 * `auth || true`), so this plugin, used last, is the outermost and answers for all.
 *
 * @param gate knows codes and bans
 * @param isMember knows whom the relay follows
 */
export function doorKeeper(gate: Gate, isMember: IsMember): Plugin {
  return {
    name: 'door-keeper',
    init(server) {
      server.auth.hook((fn, [id, cb]) => {
        fn(id, (error) => {
          if (error) cb(error);
          else decide(gate, isMember, id).then((granted) => cb(null, granted), cb);
        });
      });
    },
  };
}

/**
 * Replaces what the plugins grant to peers without rights of their own, which secret-stack takes
 * for every connection that we dialled.
 * @param granted the stack's collected permissions (`create.permissions`), changed in place
 */
export function denyByDefault(granted: Record<string, Permissions>): void {
  for (const role of Object.keys(granted)) delete granted[role];
  granted.anonymous = DIALLED_PERMISSIONS;
}
