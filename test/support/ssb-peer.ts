import { connect } from 'node:net';
import type { Dial } from '../../src/demo/stock-peer.js';

export * from '../../src/demo/stock-peer.js';

/** Dials the relay's own unix socket with the line that Tor would send. */
export function throughUnixSocket(path: string, circuit = 1): Dial {
  return async () => {
    const socket = connect(path);
    socket.write(`PROXY TCP6 fc00:dead:beef:4dad::0:${circuit.toString(16)} ::1 44 8008\r\n`);
    return socket;
  };
}
