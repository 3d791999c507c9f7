import type { Peer } from 'ssb-server';
import type { Clock } from '../../support/clock.js';

/** Well below the ten minutes after which a quiet connection is closed (stack.ts). */
const EVERY_MS = 4 * 60_000;
/** A circuit that has died without a word gives no answer. */
const ANSWER_WITHIN_MS = 2 * 60_000;

/**
 * Asks the other relay something small, now and again: a quiet connection stays open, and a dead
 * one is found and closed. Any answer will do, an error too.
 *
 * @param peer a connection; closed when it does not answer
 * @param dialled whether we dialled it: then the first word is ours
 */
export function keepAlive(peer: Peer, dialled: boolean, clock: Clock): void {
  let cancel: () => void = () => undefined;
  const ask = () => {
    cancel = clock.after(ANSWER_WITHIN_MS, () => peer.close(true));
    peer.whoami(() => {
      cancel();
      if (!peer.closed) cancel = clock.after(EVERY_MS, ask);
    });
  };
  peer.once('closed', () => cancel());
  if (dialled) ask();
  else cancel = clock.after(EVERY_MS, ask);
}
