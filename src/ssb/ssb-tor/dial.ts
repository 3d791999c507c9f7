import type { Socket } from 'node:net';
import { SnugError } from '../../support/errors.js';
import { dialThroughTor } from '../../support/tor-dial.js';
import type { OnionAddress } from './address.js';

/** Rendezvous with a busy onion service takes tens of seconds on a bad day. */
export const DIAL_TIMEOUT_MS = 120_000;

/**
 * Connects to an onion service through Tor's SOCKS socket.
 * Each destination has circuits of its own: two peers never share one.
 *
 * @param socksPath unix socket of our Tor's SocksPort
 * @param address where to go
 * @param signal aborts the attempt
 * @returns the open socket, paused
 * @throws SnugError DIAL_FAILED with Tor's reason as the cause
 */
export async function dialOnion(
  socksPath: string,
  address: OnionAddress,
  signal: AbortSignal,
): Promise<Socket> {
  try {
    return await dialThroughTor({
      socks: socksPath,
      host: address.host,
      port: address.port,
      circuit: { user: 'snug', password: address.host.slice(0, 56) },
      timeoutMs: DIAL_TIMEOUT_MS,
      signal,
    });
  } catch (cause) {
    throw new SnugError('DIAL_FAILED', 'The peer could not be reached through Tor.', {
      hint: 'It may be off; the connection is tried again later.',
      cause,
    });
  }
}
