import { createServer, type Server, type Socket } from 'node:net';
import { acceptCircuits } from '../../support/proxy-line.js';

/** How many connections one key may have at a time on a socket. */
export interface Places {
  readonly most: number;
  /** Which of them is ended when all are taken and one more comes. */
  readonly givesWay: 'oldest' | 'newest';
}

/** A visitor's connection: first unproven, then known by the secret handshake. */
export interface Arrival {
  /** Undefined when it did not come through Tor. */
  readonly circuit: number | undefined;
  /**
   * Tells the listener that the handshake has succeeded.
   * @param key whose connection it is
   * @param places of this key
   */
  proven(key: string, places: Places): void;
}

/** Options of {@link Listener}. */
export interface ListenOptions {
  /** Most connections at a time that have proven who they are. */
  readonly connections: number;
  /** Most connections at a time still in the handshake. */
  readonly handshakes: number;
  /** Most of these that one circuit brings. */
  readonly handshakesOfCircuit: number;
  /** Whether each connection begins with Tor's PROXY line, which names its circuit. */
  readonly circuits: boolean;
  readonly onConnection: (socket: Socket, arrival: Arrival) => void;
}

/** @returns the oldest connection from where most of them come */
function oldestOfMost(open: ReadonlyMap<Socket, unknown>): Socket | undefined {
  const byOrigin = new Map<unknown, Socket[]>();
  for (const [socket, origin] of open) {
    byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), socket]);
  }
  const groups = [...byOrigin.values()];
  const most = Math.max(...groups.map((group) => group.length));
  return groups.find((group) => group.length === most)?.[0];
}

/**
 * Accepts what Tor, or a proxy on this machine, brings to a unix socket. Strangers can open
 * connections and say nothing, so those in the handshake have a bound of their own: a flood of
 * them never takes a member's place, nor throws out whoever comes by another circuit, as long as
 * it has fewer circuits than places. No key takes all places either.
 */
export class Listener {
  readonly server: Server;
  readonly #options: ListenOptions;
  /** Oldest first, with the circuit; where that is not known, each stands for itself. */
  readonly #unproven = new Map<Socket, unknown>();
  /** Oldest first, with the key. */
  readonly #proven = new Map<Socket, string>();

  constructor(options: ListenOptions) {
    this.#options = options;
    this.server = createServer();
    // Such as too many open files: that one connection is lost, and the next may be accepted.
    this.server.on('error', () => undefined);
    // Those that give way are still there for a moment, when the next ones are here already.
    this.server.maxConnections = options.connections + 2 * options.handshakes;
    if (options.circuits) {
      acceptCircuits(this.server, (socket, { circuit }) => this.#accept(socket, circuit));
    } else {
      this.server.on('connection', (socket) => this.#accept(socket.pause(), undefined));
    }
  }

  #accept(socket: Socket, circuit: number | undefined): void {
    const origin = circuit ?? socket;
    this.#makeRoom(origin);
    this.#unproven.set(socket, origin);
    socket.once('close', () => {
      this.#unproven.delete(socket);
      this.#proven.delete(socket);
    });
    const proven = (key: string, places: Places) => this.#promote(socket, key, places);
    this.#options.onConnection(socket, { circuit, proven });
  }

  #makeRoom(origin: unknown): void {
    const { handshakes, handshakesOfCircuit } = this.#options;
    const own = [...this.#unproven].filter(([, other]) => other === origin);
    if (own.length >= handshakesOfCircuit) this.#drop(own[0]?.[0]);
    else if (this.#unproven.size >= handshakes) this.#drop(oldestOfMost(this.#unproven));
  }

  #promote(socket: Socket, key: string, { most, givesWay }: Places): void {
    if (!this.#unproven.delete(socket)) return;
    const own = [...this.#proven].filter(([, other]) => other === key);
    if (own.length >= most && givesWay === 'oldest') this.#drop(own[0]?.[0]);
    const full = own.length >= most && givesWay === 'newest';
    if (full || this.#proven.size >= this.#options.connections) socket.destroy();
    else this.#proven.set(socket, key);
  }

  #drop(socket: Socket | undefined): void {
    if (socket === undefined) return;
    this.#unproven.delete(socket);
    this.#proven.delete(socket);
    socket.destroy();
  }

  /** Stops accepting and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of [...this.#unproven.keys(), ...this.#proven.keys()]) socket.destroy();
    await closed;
  }
}
