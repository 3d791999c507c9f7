import type { Caller, Duplex, Peer, Plugin, Transform } from 'ssb-server';
import type { Log } from '../../support/log.js';
import { type GrantedMeta, grantedBy } from '../permissions.js';
import { type Brake, Wire } from './wire.js';

/** How often connections are looked at. */
const LOOK_EVERY_MS = 1000;

/** What a peer gets to say goodbye when we hang up. */
const GOODBYE_MS = 5000;

/** Enough to find the feed in `snug member list`. */
const SHORT_ID = 11;

const TOO_MUCH = 'it sent a packet over 1 MiB, or has too many streams open.';

/** Asks the connection that a method was called on for its wire. */
const WHOSE = 'snug:wire';

/** What goes through multiserver to the rpc object with the stream. */
interface WireMeta extends GrantedMeta {
  wire?: Wire;
}

function withWire(transform: Transform, brake: Brake): Transform {
  return {
    name: transform.name,
    create() {
      const inner = transform.create();
      return {
        ...inner,
        create(options?: unknown) {
          const handshake = inner.create(options);
          return (stream, cb) =>
            handshake(stream, (error, open?: Duplex) => {
              if (open !== undefined) {
                const granted = grantedBy(open.auth);
                const wire = new Wire(brake, granted.streams);
                wire.into(open);
                // multiserver would hand on the transport's own object (compose.js).
                const meta: WireMeta = { wire, granted };
                open.meta = Object.assign(stream.meta ?? {}, meta);
              }
              cb(error, open);
            });
        },
      };
    },
  };
}

/** The wires of all connections, by connection. */
export class Wires {
  readonly #open = new Map<Peer, Wire>();
  readonly #stallMs: number;
  readonly #log: Log;

  /** @param stallMs how long a peer may read nothing while something waits for it */
  constructor(stallMs: number, log: Log) {
    this.#stallMs = stallMs;
    this.#log = log;
  }

  /** @returns a plugin that puts a wire into each connection, used before the shs plugin */
  plugin(brake: Brake): Plugin {
    return {
      name: 'wires',
      init: (server) => {
        server.multiserver.transform.hook((add, [transform]) => add(withWire(transform, brake)));
        server.on('rpc:connect', (peer) => this.#add(peer));
        const timer = setInterval(() => this.#cutStalled(), LOOK_EVERY_MS);
        timer.unref();
        server.close.hook((close, [cb]) => {
          clearInterval(timer);
          close(cb);
        });
      },
    };
  }

  /** @returns the wire of a connection */
  of(peer: Peer): Wire | undefined {
    return this.#open.get(peer);
  }

  /**
   * @param caller `this` of a method that a peer has called
   * @returns the connection of the call, and its wire; undefined for a call of our own
   */
  ofCall(caller: Caller): { peer: Peer; wire: Wire } | undefined {
    const found: { peer?: Peer } = {};
    caller._emit?.(WHOSE, found);
    const wire = found.peer && this.#open.get(found.peer);
    return found.peer && wire && { peer: found.peer, wire };
  }

  #add(peer: Peer): void {
    const wire = (peer.meta as WireMeta | undefined)?.wire;
    if (wire === undefined) return;
    this.#open.set(peer, wire);
    // After an exception of its own muxrpc takes no word from below any more.
    wire.onFailed(() => peer.close(true));
    peer.on(WHOSE, (found: { peer?: Peer }) => {
      found.peer = peer;
    });
    peer.once('closed', () => {
      this.#open.delete(peer);
      if (wire.tooMuch) this.#log.info(`peer ${peer.id.slice(0, SHORT_ID)}… was cut: ${TOO_MUCH}`);
      setTimeout(() => wire.cut(), GOODBYE_MS).unref();
    });
  }

  #cutStalled(): void {
    for (const [peer, wire] of this.#open) {
      if (wire.stalledFor() <= this.#stallMs) continue;
      peer.close(true);
      wire.cut();
    }
  }
}
