import { connect } from 'node:net';
import type { Dial, StockPeer } from '../../src/demo/stock-peer.js';
import { eventually } from './wait.js';

export * from '../../src/demo/stock-peer.js';

/** Dials the relay's own unix socket with the line that Tor would send. */
export function throughUnixSocket(path: string, circuit = 1): Dial {
  return async () => {
    const socket = connect(path);
    socket.write(`PROXY TCP6 fc00:dead:beef:4dad::0:${circuit.toString(16)} ::1 44 8008\r\n`);
    return socket;
  };
}

/**
 * Redeems a code over Tor, which may take some attempts until it reaches the service at all.
 *
 * @returns the relay's words, or "followed"
 */
export function answerTo(peer: StockPeer, code: string): Promise<string> {
  return eventually('an answer of the relay', () =>
    peer.redeem(code).then(
      () => 'followed',
      ({ message }: Error) => (/timed out|Socks5/.test(message) ? undefined : message),
    ),
  );
}
