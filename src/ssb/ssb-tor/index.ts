import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Source } from 'pull-stream';
import type { Callback, Duplex, Peer, Plugin, SsbConfig, Transport } from 'ssb-server';
import toPull from 'stream-to-pull-stream';
import type { OnionHost } from '../../support/onion-host.js';
import { formatOnionAddress, type OnionAddress, parseOnionAddress } from './address.js';
import { dialOnion } from './dial.js';
import { type Arrival, Listener, type Places } from './listen.js';

/** Options of {@link ssbTor}. */
export interface SsbTorOptions {
  /** The onion service's host, for the address that is advertised. */
  readonly host: OnionHost;
  /** The onion service's virtual port. */
  readonly port: number;
  /** Unix socket to listen on: the target of the virtual port. */
  readonly listen: string;
  /** A second unix socket, for a proxy that brings connections which did not come through Tor. */
  readonly listenPlain?: string | undefined;
  /** Unix socket of Tor's SocksPort, to dial other onions. */
  readonly socks: string;
  /** Most connections at a time on each socket: proven by the handshake, and still in it. */
  readonly connections: number;
  readonly handshakes: number;
  /** Most connections at a time that are still in the handshake and came by one circuit. */
  readonly handshakesOfCircuit: number;
  /** How many connections this peer may have. */
  readonly placesOf: (peer: Peer) => Places;
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

/** One socket with bounds of its own: a flood on one takes no place on the other. */
function listen(
  options: SsbTorOptions,
  place: { readonly path: string; readonly circuits: boolean },
  onConnection: (stream: Duplex) => void,
): { listener: Listener; listening: Promise<unknown> } {
  const { connections, handshakes, handshakesOfCircuit } = options;
  const listener = new Listener({
    connections,
    handshakes,
    handshakesOfCircuit,
    circuits: place.circuits,
    onConnection: (socket, arrival) => {
      const from = arrival.circuit === undefined ? 'plain' : `circuit:${arrival.circuit}`;
      onConnection(toDuplex(socket, `onion:${from}`, arrival));
    },
  });
  const listening = once(listener.server, 'listening');
  listener.server.listen(place.path);
  return { listener, listening };
}

/** Opens the sockets, and tells once all of them listen or one cannot. */
function openSockets(options: SsbTorOptions, onConnection: (stream: Duplex) => void) {
  const places = [{ path: options.listen, circuits: true }];
  if (options.listenPlain !== undefined) {
    places.push({ path: options.listenPlain, circuits: false });
  }
  const opened = places.map((place) => listen(options, place, onConnection));
  const all = Promise.all(opened.map(({ listening }) => listening));
  all.then(() => options.onListening(), options.onListening);
  return {
    all,
    close: () => {
      for (const { listener } of opened) void listener.close();
    },
  };
}

function onionTransport(options: SsbTorOptions): Transport {
  const address = formatOnionAddress(options.host, options.port);
  return {
    name: 'onion',
    scope: () => SCOPE,
    server(onConnection, started) {
      const sockets = openSockets(options, onConnection);
      // Whoever opened the relay has been told of a failure.
      sockets.all.then(() => started()).catch(() => undefined);
      return sockets.close;
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
 * dials onions through Tor's SOCKS socket. A second unix socket may take connections of a proxy
 * that did not come through Tor. It takes every other transport out of the
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
      server.on('rpc:connect', (peer) => {
        const arrival = peer.meta as Partial<ArrivalMeta> | undefined;
        arrival?.proven?.(peer.id, options.placesOf(peer));
      });
      // Peers ask for "the address" without naming a scope; there is only the public one.
      server.getAddress.hook((address) => address(SCOPE));
    },
  };
}
