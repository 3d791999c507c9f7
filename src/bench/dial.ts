import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import pull, { type Source } from 'pull-stream';
import { SocksClient } from 'socks';
import type { Duplex } from 'ssb-server';
import toPull from 'stream-to-pull-stream';

/** A way to a server: straight to a socket of this machine, or through Tor to an onion. */
export type Way =
  | { readonly kind: 'tcp'; readonly port: number }
  /** A socket behind an onion service, with the line that Tor would send. */
  | { readonly kind: 'unix'; readonly path: string; readonly virtualPort: number }
  | {
      readonly kind: 'onion';
      readonly socks: { readonly host: string; readonly port: number };
      readonly host: string;
      readonly port: number;
    };

const ONION_TIMEOUT_MS = 120_000;
let circuits = 0;

async function dialOnion(way: Extract<Way, { kind: 'onion' }>): Promise<Socket> {
  const { socket } = await SocksClient.createConnection({
    command: 'connect',
    destination: { host: way.host, port: way.port },
    proxy: { ...way.socks, type: 5 },
    timeout: ONION_TIMEOUT_MS,
  });
  return socket;
}

/** @returns an open connection; to a unix socket each one is a visitor of its own */
export async function dial(way: Way): Promise<Socket> {
  if (way.kind === 'onion') return await dialOnion(way);
  const socket = way.kind === 'tcp' ? connect(way.port, '127.0.0.1') : connect(way.path);
  await once(socket, 'connect');
  if (way.kind === 'unix') {
    circuits += 1;
    const circuit = `${(circuits >> 16).toString(16)}:${(circuits & 0xffff).toString(16)}`;
    socket.write(`PROXY TCP6 fc00:dead:beef:4dad::${circuit} ::1 44 ${way.virtualPort}\r\n`);
  }
  return socket;
}

/**
 * Tor hands on what it has in large pieces, and so does TCP on loopback; a unix socket keeps each
 * write apart and is full after a hundred small ones. So that the kind of socket is not what is
 * measured, all that is written in one turn of the event loop leaves together.
 *
 * @returns the socket as a pull-stream
 */
export function inLargePieces(socket: Socket): Duplex {
  const { source, sink } = toPull.duplex(socket);
  const together = pull.through<Buffer>(() => {
    if (socket.writableCorked > 0) return;
    socket.cork();
    setImmediate(() => socket.uncork());
  });
  return { source, sink: (read: Source<Buffer>) => pull(read, together, sink) };
}
