import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SocksClient } from 'socks';
import { SnugError } from '../../support/errors.js';
import type { OnionAddress } from './address.js';

/** Rendezvous with a busy onion service takes tens of seconds on a bad day. */
export const DIAL_TIMEOUT_MS = 120_000;

/**
 * Connects to an onion service through Tor's SOCKS socket.
 * Each destination has SOCKS credentials of its own, and Tor's IsolateSOCKSAuth (on by default)
 * gives each pair of credentials circuits of its own: two peers never share one.
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
  const proxy = connect(socksPath);
  const abandon = () => proxy.destroy();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await once(proxy, 'connect', { signal });
    const { socket } = await SocksClient.createConnection({
      command: 'connect',
      destination: { host: address.host, port: address.port },
      existing_socket: proxy,
      proxy: {
        host: 'unix',
        port: 1,
        type: 5,
        userId: 'snug',
        password: address.host.slice(0, 56),
      },
      timeout: DIAL_TIMEOUT_MS,
    });
    signal.throwIfAborted();
    return socket;
  } catch (cause) {
    proxy.destroy();
    throw new SnugError('DIAL_FAILED', 'The peer could not be reached through Tor.', {
      hint: 'It may be off; the connection is tried again later.',
      cause,
    });
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
