import type { Callback, Peer, Plugin, SsbServer } from 'ssb-server';
import { SnugError } from '../support/errors.js';
import { asFeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import { answer } from './answer.js';
import type { Gate } from './gate.js';
import { CODE_PERMISSIONS, grantedTo } from './permissions.js';

/** How long a client gets to hang up by itself after its code is redeemed. */
const HANG_UP_MS = 5_000;
/** A first answer through Tor takes seconds; whoever only holds a place would hold it for ever. */
const REDEEM_MS = 60_000;

/** @returns what calls it off */
function hangUpAfter(peer: Peer, ms: number): () => void {
  const timer = setTimeout(() => peer.close(true), ms);
  timer.unref();
  const callOff = () => clearTimeout(timer);
  peer.once('closed', callOff);
  return callOff;
}

/** The connection itself, for `this` of a method is only muxrpc's context with its id. */
function connectionsOf(server: SsbServer, id: string): Peer[] {
  return [...(server.peers[id] ?? [])];
}

async function use(gate: Gate, id: string, request: unknown): Promise<unknown> {
  const key = asFeedId(id);
  if (key === undefined) throw new SnugError('UNKNOWN_CODE', 'This is no invite code.');
  const feed = (request as { feed?: unknown } | null)?.feed;
  const { already } = await gate.redeem(key, feed);
  // The words of ssb-invite 3.0.1: its clients take them for success.
  if (already) throw new SnugError('ALREADY_FOLLOWING', 'already following');
  return { type: 'contact', contact: feed, following: true };
}

/** What {@link inviteHooks} works with. */
export interface InviteHooksOptions {
  /** Decides. */
  readonly gate: Gate;
  /** How long a code's key may be connected and not redeem it, in milliseconds; 1 minute if not given. */
  readonly redeemMs?: number | undefined;
  readonly log: Log;
}

/**
 * Puts the invite desk behind ssb-invite's methods. ssb-invite 3.0.1 accepts one code many times
 * at once, follows blocked feeds and strings that are no feed, and cannot recover a redemption
 * that a crash cut in two; its order of steps cannot be mended from outside, so the desk takes its
 * place and ssb-invite keeps the protocol: names, manifest and argument checks.
 *
 * @returns a plugin, used after ssb-invite
 */
export function inviteHooks({ gate, redeemMs = REDEEM_MS, log }: InviteHooksOptions): Plugin {
  return {
    name: 'invite-hooks',
    init(server) {
      const idle = new WeakMap<Peer, () => void>();
      const leaving = new WeakSet<Peer>();
      const hangUpSoon = (peer: Peer) => {
        // Another call does not put it off.
        if (!leaving.has(peer)) hangUpAfter(peer, HANG_UP_MS);
        leaving.add(peer);
      };
      server.on('rpc:connect', (peer) => {
        if (grantedTo(peer) === CODE_PERMISSIONS) idle.set(peer, hangUpAfter(peer, redeemMs));
      });
      server.invite.use.hook(function (_original, [request, cb]) {
        const { id } = this;
        for (const peer of connectionsOf(server, id)) idle.get(peer)?.();
        const done = use(gate, id, request).finally(() =>
          connectionsOf(server, id).forEach(hangUpSoon),
        );
        answer(done, cb, log);
      });
      server.invite.create.hook((_original, args) => {
        const cb = args[args.length - 1] as Callback<string>;
        cb(new Error('Codes are made by "snug invite create".'));
      });
    },
  };
}
