import type { Socket } from 'node:net';
import type { Source } from 'pull-stream';
import type { Callback, Duplex, Plugin, SsbConfig, Transport } from 'ssb-server';
import toPull from 'stream-to-pull-stream';
import type { OnionHost } from '../../support/onion-host.js';
import { formatOnionAddress, type OnionAddress, parseOnionAddress } from './address.js';
import { dialOnion } from './dial.js';
import { type Arrival, OnionListener } from './listen.js';

/** Options of {@link ssbTor}. */
export interface SsbTorOptions {
  /** The onion service's host, for the address that is advertised. */
  readonly host: OnionHost;
  /** The onion service's virtual port. */
  readonly port: number;
  /** Unix socket to listen on: the target of the virtual port. */
  readonly listen: string;
  /** Unix socket of Tor's SocksPort, to dial other onions. */
  readonly socks: string;
  /** Most connections at a time: proven by the handshake, and still in it. */
  readonly connections: number;
  readonly handshakes: number;
  /** Called once it listens, or cannot. */
  readonly onListening: (error?: Error) => void;
}

/** The metadata that an incoming connection carries through multiserver, and rpc objects show. */
export type ArrivalMeta = Pick<Arrival, 'circuit' | 'proven'>;

const SCOPE = 'public';

/**
 * muxrpc and its codecs throw on packets that they do not expect, out of the socket's event and so
 * out of the process. What a peer sends may end that peer's connection and nothing more.
 */
function guarded(source: Source<Buffer>, socket: Socket): Source<Buffer> {
  return (abort, cb) =>
    source(abort, (end, data) => {
      try {
        cb(end, data);
      } catch {
        socket.destroy();
      }
    });
}

function toDuplex(socket: Socket, address: string, meta?: ArrivalMeta): Duplex {
  // A peer that hangs up is no error of ours; the pull stream ends by itself.
  socket.on('error', () => socket.destroy());
  const stream = toPull.duplex(socket);
  stream.source = guarded(stream.source, socket);
  socket.resume();
  stream.address = address;
  if (meta !== undefined) stream.meta = meta;
  return stream;
}

/** Waits for the socket until the operating system's own bound; nothing of it stays on failure. */
function listen(options: SsbTorOptions, onConnection: (stream: Duplex) => void): OnionListener {
  const listener = new OnionListener({
    connections: options.connections,
    handshakes: options.handshakes,
    onConnection: (socket, arrival) =>
      onConnection(toDuplex(socket, `onion:circuit:${arrival.circuit}`, arrival)),
  });
  listener.server.once('error', options.onListening);
  listener.server.listen(options.listen, () => options.onListening());
  return listener;
}

function onionTransport(options: SsbTorOptions): Transport {
  const address = formatOnionAddress(options.host, options.port);
  return {
    name: 'onion',
    scope: () => SCOPE,
    server(onConnection, started) {
      const listener = listen(options, onConnection);
      listener.server.once('listening', () => started());
      return () => void listener.close();
    },
    client(to: OnionAddress, cb: Callback<Duplex>) {
      const abort = new AbortController();
      dialOnion(options.socks, to, abort.signal).then(
        (socket) => cb(null, toDuplex(socket, formatOnionAddress(to.host, to.port))),
        (error: Error) => cb(error),
      );
      return () => abort.abort();
    },
    parse: parseOnionAddress,
    stringify: () => address,
  };
}

/** multiserver dials whatever a transport understands: none but ours may be configured. */
function keepOnlyOnion(config: SsbConfig): void {
  config.connections = {
    incoming: { onion: [{ scope: SCOPE, transform: 'shs' }] },
    outgoing: { onion: [{ transform: 'shs' }] },
  };
}

/**
 * A secret-stack plugin: SSB over Tor and nothing else. Adds multiserver's `onion` transport,
 * which listens on the unix socket behind an onion service (with HiddenServiceExportCircuitID) and
 * dials onions through Tor's SOCKS socket, and takes every other transport out of the
 * configuration, so that a `net:` address cannot be dialled.
 *
 * @param options sockets, address and limits
 * @returns the plugin, for `stack.use`
 */
export function ssbTor(options: SsbTorOptions): Plugin {
  return {
    name: 'ssb-tor',
    version: '1.0.0',
    init(server, config) {
      keepOnlyOnion(config);
      server.multiserver.transport({ name: 'onion', create: () => onionTransport(options) });
      // A connection that we dialled has no arrival; others may have put something there.
      server.on('rpc:connect', (peer) =>
        (peer.meta as Partial<ArrivalMeta> | undefined)?.proven?.(),
      );
      // Peers ask for "the address" without naming a scope; there is only the public one.
      server.getAddress.hook((address) => address(SCOPE));
    },
  };
}
