import type { Callback } from 'ssb-server';
import { messageOf, SnugError, withCauses } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { REFUSALS } from './gate.js';

/** muxrpc sends an error's message to the peer: only words meant for peers may leave. */
function forPeer(error: unknown, log: Log): Error {
  if (error instanceof SnugError && REFUSALS.has(error.code)) return new Error(error.message);
  log.error(`a peer's call failed: ${withCauses(error)}`);
  return new Error('The relay could not do this now; try again later.');
}

/**
 * Answers a muxrpc call from a promise.
 * @param result what the call comes to
 * @param cb muxrpc's callback; the message of {@link REFUSALS} reaches the peer, any other error is logged
 */
export function answer<T>(result: Promise<T>, cb: Callback<T>, log: Log): void {
  result
    .then(
      (value) => cb(null, value),
      (error: unknown) => cb(forPeer(error, log)),
    )
    // Whatever muxrpc throws now concerns one connection; unhandled, it would end the process.
    .catch((error: unknown) => log.error(`a peer could not be answered: ${messageOf(error)}`));
}
