import { createServer, type Server, type Socket } from 'node:net';
import { acceptCircuits } from '../../support/proxy-line.js';

/** A visitor's connection: first unproven, then known by the secret handshake. */
export interface Arrival {
  /** Undefined when it did not come through Tor. */
  readonly circuit: number | undefined;
  /** Tells the listener that the handshake has succeeded. */
  proven(): void;
}

/** Options of {@link Listener}. */
export interface ListenOptions {
  /** Most connections at a time that have proven who they are. */
  readonly connections: number;
  /** Most connections at a time still in the handshake; the oldest gives way to a new one. */
  readonly handshakes: number;
  /** Whether each connection begins with Tor's PROXY line, which names its circuit. */
  readonly circuits: boolean;
  readonly onConnection: (socket: Socket, arrival: Arrival) => void;
}

/**
 * Accepts what Tor, or a proxy on this machine, brings to a unix socket. Strangers can open
 * connections and say nothing, so those in the handshake have a bound of their own: a flood of
 * them never takes a member's place.
 */
export class Listener {
  readonly server: Server;
  readonly #options: ListenOptions;
  readonly #unproven = new Set<Socket>();
  readonly #proven = new Set<Socket>();

  constructor(options: ListenOptions) {
    this.#options = options;
    this.server = createServer();
    // Such as too many open files: that one connection is lost, and the next may be accepted.
    this.server.on('error', () => undefined);
    this.server.maxConnections = options.connections + options.handshakes;
    if (options.circuits) {
      acceptCircuits(this.server, (socket, { circuit }) => this.#accept(socket, circuit));
    } else {
      this.server.on('connection', (socket) => this.#accept(socket.pause(), undefined));
    }
  }

  #accept(socket: Socket, circuit: number | undefined): void {
    this.#makeRoom();
    this.#unproven.add(socket);
    socket.once('close', () => {
      this.#unproven.delete(socket);
      this.#proven.delete(socket);
    });
    const proven = () => this.#promote(socket);
    this.#options.onConnection(socket, { circuit, proven });
  }

  #makeRoom(): void {
    if (this.#unproven.size < this.#options.handshakes) return;
    const [oldest] = this.#unproven;
    if (oldest === undefined) return;
    this.#unproven.delete(oldest);
    oldest.destroy();
  }

  #promote(socket: Socket): void {
    if (!this.#unproven.delete(socket)) return;
    if (this.#proven.size >= this.#options.connections) socket.destroy();
    else this.#proven.add(socket);
  }

  /** Stops accepting and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of [...this.#unproven, ...this.#proven]) socket.destroy();
    await closed;
  }
}
