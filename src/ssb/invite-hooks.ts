import type { Callback, Peer, Plugin, SsbServer } from 'ssb-server';
import { SnugError } from '../support/errors.js';
import { asFeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import { answer } from './answer.js';
import type { Gate } from './gate.js';

/** How long a client gets to hang up by itself after its code is redeemed. */
const HANG_UP_MS = 5_000;

function hangUpSoon(peer: Peer): void {
  const timer = setTimeout(() => peer.close(true), HANG_UP_MS);
  timer.unref();
  peer.once('closed', () => clearTimeout(timer));
}

/** The connection itself, for `this` of a method is only muxrpc's context with its id. */
function connectionsOf(server: SsbServer, id: string): Peer[] {
  return [...(server.peers[id] ?? [])];
}

async function use(gate: Gate, server: SsbServer, id: string, request: unknown): Promise<unknown> {
  const key = asFeedId(id);
  if (key === undefined) throw new SnugError('UNKNOWN_CODE', 'This is no invite code.');
  const feed = (request as { feed?: unknown } | null)?.feed;
  try {
    const { already } = await gate.redeem(key, feed);
    // The words of ssb-invite 3.0.1: its clients take them for success.
    if (already) throw new SnugError('ALREADY_FOLLOWING', 'already following');
    return { type: 'contact', contact: feed, following: true };
  } finally {
    connectionsOf(server, id).forEach(hangUpSoon);
  }
}

/**
 * Puts the invite desk behind ssb-invite's methods. ssb-invite 3.0.1 accepts one code many times
 * at once, follows blocked feeds and strings that are no feed, and cannot recover a redemption
 * that a crash cut in two; its order of steps cannot be mended from outside, so the desk takes its
 * place and ssb-invite keeps the protocol: names, manifest and argument checks.
 *
 * @param gate decides
 * @returns a plugin, used after ssb-invite
 */
export function inviteHooks(gate: Gate, log: Log): Plugin {
  return {
    name: 'invite-hooks',
    init(server) {
      server.invite.use.hook(function (_original, [request, cb]) {
        answer(use(gate, server, this.id, request), cb as Callback<unknown>, log);
      });
      server.invite.create.hook((_original, args) => {
        const cb = args[args.length - 1] as Callback<string>;
        cb(new Error('Codes are made by "snug invite create".'));
      });
    },
  };
}
