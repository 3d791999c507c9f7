import { createServer, type Server, type Socket } from 'node:net';
import { acceptCircuits, type CircuitInfo } from '../../support/proxy-line.js';

/** A visitor's connection: first unproven, then known by the secret handshake. */
export interface Arrival {
  readonly circuit: number;
  /** Tells the listener that the handshake has succeeded. */
  proven(): void;
}

/** Options of {@link OnionListener}. */
export interface ListenOptions {
  /** Most connections at a time that have proven who they are. */
  readonly connections: number;
  /** Most connections at a time still in the handshake; the oldest gives way to a new one. */
  readonly handshakes: number;
  readonly onConnection: (socket: Socket, arrival: Arrival) => void;
}

/**
 * Accepts what Tor brings to the unix socket behind the onion service. Strangers can open
 * connections and say nothing, so those in the handshake have a bound of their own: a flood of
 * them never takes a member's place.
 */
export class OnionListener {
  readonly server: Server;
  readonly #options: ListenOptions;
  readonly #unproven = new Set<Socket>();
  readonly #proven = new Set<Socket>();

  constructor(options: ListenOptions) {
    this.#options = options;
    this.server = createServer();
    this.server.maxConnections = options.connections + options.handshakes;
    acceptCircuits(this.server, (socket, from) => this.#accept(socket, from));
  }

  #accept(socket: Socket, from: CircuitInfo): void {
    this.#makeRoom();
    this.#unproven.add(socket);
    socket.once('close', () => {
      this.#unproven.delete(socket);
      this.#proven.delete(socket);
    });
    const proven = () => this.#promote(socket);
    this.#options.onConnection(socket, { circuit: from.circuit, proven });
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
