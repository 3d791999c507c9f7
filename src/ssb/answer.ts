import type { Callback } from 'ssb-server';
import { messageOf, SnugError } from '../support/errors.js';
import type { Log } from '../support/log.js';

/** muxrpc sends an error's message to the peer: only words meant for peers may leave. */
function forPeer(error: unknown, log: Log): Error {
  if (error instanceof SnugError) return new Error(error.message);
  log.error(`a peer's call failed: ${String(error)}`);
  return new Error('The relay could not do this now; try again later.');
}

/**
 * Answers a muxrpc call from a promise.
 * @param result what the call comes to
 * @param cb muxrpc's callback; a SnugError's message reaches the peer, any other error does not
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
