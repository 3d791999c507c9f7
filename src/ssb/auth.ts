import type { Permissions, Plugin } from 'ssb-server';
import { messageOf, SnugError } from '../support/errors.js';
import { asFeedId, type FeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import type { Gate } from './gate.js';
import {
  CODE_PERMISSIONS,
  MEMBER_PERMISSIONS,
  PEER_PERMISSIONS,
  WITNESS_PERMISSIONS,
} from './permissions.js';

/** @returns whether the relay itself follows this feed */
export type IsMember = (feed: FeedId) => Promise<boolean>;

/** Who else decides, beside the gate. */
export interface Known {
  readonly isMember: IsMember;
  /** The relays of the configuration: whom the operator trusts comes in without an invite. */
  readonly peers: ReadonlySet<FeedId>;
  /** Whether a stranger may come in, to be asked for the relay's own feed and for nothing else. */
  readonly mayWitness?: (feed: FeedId) => boolean;
}

async function decide(gate: Gate, known: Known, id: string): Promise<Permissions> {
  const key = asFeedId(id);
  if (key !== undefined && !(await gate.isBanned(key))) {
    if (await known.isMember(key)) return MEMBER_PERMISSIONS;
    if (known.peers.has(key)) return PEER_PERMISSIONS;
    if (await gate.mayRedeem(key)) return CODE_PERMISSIONS;
    if (known.mayWitness?.(key) === true) return WITNESS_PERMISSIONS;
  }
  throw new SnugError('STRANGER', 'Strangers are not served.');
}

/**
 * Decides at the secret handshake who may come in: members, the relays of the configuration, keys of
 * codes, and nobody else.
 * secret-stack by default lets everybody in and lets strangers read feeds (plugins/shs.js:
 * `auth || true`), so this plugin, used last, is the outermost and answers for all.
 *
 * @param gate knows codes and bans
 * @param known members and relays
 */
export function doorKeeper(gate: Gate, known: Known, log: Log): Plugin {
  return {
    name: 'door-keeper',
    init(server) {
      server.auth.hook((fn, [id, cb]) => {
        fn(id, (error) => {
          if (error) cb(error);
          else {
            decide(gate, known, id)
              .then((granted) => cb(null, granted), cb)
              // The whole connection is set up in there; what goes wrong is that connection's alone.
              .catch((wrong: unknown) => log.error(`a connection failed: ${messageOf(wrong)}`));
          }
        });
      });
    },
  };
}

/**
 * Replaces what the plugins grant to peers without rights of their own, which secret-stack takes
 * for every connection that we dialled: those are relays of the configuration (only-listed.ts).
 * @param granted the stack's collected permissions (`create.permissions`), changed in place
 */
export function denyByDefault(granted: Record<string, Permissions>): void {
  for (const role of Object.keys(granted)) delete granted[role];
  granted.anonymous = PEER_PERMISSIONS;
}
