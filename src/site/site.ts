import {
  createServer as createHttpServer,
  type Server as HttpServer,
  ServerResponse,
} from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { codeOf } from '../support/errors.js';
import type { Service } from '../support/lifecycle.js';
import { acceptCircuits } from '../support/proxy-line.js';
import { isAnswering, listenOnSocket } from '../support/unix-socket.js';
import { AddressLimits } from './addresses.js';
import { CircuitLimits } from './circuits.js';
import { type SiteOptions, TOR_TIMEOUTS } from './options.js';
import { OwnVisit } from './own-visit.js';
import { type Limits, routes } from './routes.js';

export type { ClearnetFront } from './clearnet.js';
export type {
  Riddle,
  RiddleDesk,
  SiteLimits,
  SiteOptions,
  SiteTimeouts,
  Solved,
} from './options.js';
export { drawRiddle } from './riddle.js';

const LARGEST_HEAD = 8 * 1024;
const REQUESTS_PER_CONNECTION = 100;

/** Node's error codes for requests that never became one, and what to call them. */
const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** A Date header would tell everybody by how much this board's clock is wrong. */
class UndatedResponse extends ServerResponse {
  override sendDate = false;
}

/** Says in plain HTTP that this was no request, and hangs up. */
function refuse(error: Error, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = REFUSALS[codeOf(error) ?? ''] ?? '400 Bad Request';
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(head, () => socket.destroy());
}

/** The public pages, behind a unix socket to which Tor brings each visitor's connection. */
export class Site implements Service {
  readonly #options: SiteOptions;
  readonly #http: HttpServer;
  /** How the relay visits itself. */
  readonly ownVisit = new OwnVisit();
  readonly #door: Server;
  readonly #open = new Set<Socket>();

  /** @param options what the site is told; nothing is opened before {@link start} */
  constructor(options: SiteOptions) {
    this.#options = options;
    const { limits, now, clearnet } = options;
    this.#door = this.#createDoor();
    if (clearnet === undefined) {
      const circuits = new CircuitLimits(limits.requestsPerMinute, now);
      this.#http = this.#createHttp(circuits);
      this.#takeFromTor(circuits);
    } else {
      this.#http = this.#createHttp(new AddressLimits(limits.requestsPerMinute, now));
      this.#takeFromProxy();
    }
  }

  /**
   * Listens on the socket, which only this user may connect to, and the proxy if it is its own.
   *
   * @throws SnugError SOCKET_IN_USE, SOCKET_PATH_TAKEN, SOCKET_PATH_LONG or SOCKET_FAILED
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { socket, clearnet } = this.#options;
    await listenOnSocket(this.#door, socket, clearnet?.socketMode);
    // Node watches headersTimeout and requestTimeout only after this event (lib/_http_server.js,
    // setupConnectionsTracking); this server gets its connections by hand and never listens.
    this.#http.emit('listening');
    this.#options.log.info(`The site listens${clearnet ? ` for ${clearnet.domain}` : ''}.`);
  }

  /** Hangs up on everybody and removes the socket. */
  async stop(): Promise<void> {
    this.#http.close();
    const closed = new Promise<void>((resolve) => this.#door.close(() => resolve()));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  /** Whether it listens; that its socket is where Tor finds it, only {@link answers} can tell. */
  get listening(): boolean {
    return this.#door.listening;
  }

  /** @returns whether somebody would be let in who knocks at the socket, without Tor */
  answers(): Promise<boolean> {
    return isAnswering(this.#options.socket);
  }

  /** Makes the socket anew, for one whose file is gone; whoever is in stays. Throws as start. */
  async reopen(): Promise<void> {
    this.#door.close();
    const { socket, clearnet } = this.#options;
    await listenOnSocket(this.#door, socket, clearnet?.socketMode);
  }

  #createHttp(limits: Limits): HttpServer {
    const timeouts = this.#options.timeouts ?? TOR_TIMEOUTS;
    const server = createHttpServer({
      ServerResponse: UndatedResponse,
      maxHeaderSize: LARGEST_HEAD,
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.keepAlive,
      connectionsCheckingInterval: timeouts.checkEvery,
    });
    server.timeout = timeouts.silence;
    server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
    server.on('clientError', refuse);
    // Node would go on answering 503 on this connection, out of reach of the circuit's limits.
    server.on('dropRequest', (_req, socket) => socket.destroy());
    server.on('request', routes(this.#options, limits, this.ownVisit));
    return server;
  }

  #createDoor(): Server {
    const door = createServer({ allowHalfOpen: true });
    door.maxConnections = this.#options.limits.connections;
    door.on('connection', (socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
    return door;
  }

  #takeFromTor(circuits: CircuitLimits): void {
    acceptCircuits(this.#door, (socket, from) => {
      circuits.admit(socket, from);
      this.#http.emit('connection', socket);
      // The PROXY line's reader hands the socket over paused; HTTP does not resume it by itself.
      socket.resume();
    });
  }

  /** The proxy puts no line in front: who the visitor is stands in each request. */
  #takeFromProxy(): void {
    this.#door.on('connection', (socket) => this.#http.emit('connection', socket));
  }
}
