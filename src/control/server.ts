import { createServer, type Server, type Socket } from 'node:net';
import { messageOf, SnugError } from '../support/errors.js';
import type { Service } from '../support/lifecycle.js';
import type { Log } from '../support/log.js';
import { listenOnSocket } from '../support/unix-socket.js';
import type { ControlRequest, ControlResponse } from './protocol.js';
import { readLine } from './read-line.js';

/** A method of the control socket; throws SnugError for people, anything else is a fault. */
export type ControlMethod = (params: unknown) => unknown | Promise<unknown>;

/** Options of {@link ControlServer}. */
export interface ControlOptions {
  /** Path of the unix socket; made 0600: whoever may open it is the operator. */
  readonly socket: string;
  readonly methods: Readonly<Record<string, ControlMethod>>;
  readonly log: Log;
}

const REQUEST_TIMEOUT_MS = 10_000;
const LONGEST_REQUEST = 64 * 1024;
const MOST_CONNECTIONS = 16;

/** Answers the CLI: one request and one answer for each connection. */
export class ControlServer implements Service {
  readonly #options: ControlOptions;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#server = createServer((socket) => void this.#serve(socket));
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** @throws SnugError SOCKET_IN_USE when a running relay answers there */
  async start(): Promise<void> {
    await listenOnSocket(this.#server, this.#options.socket);
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(socket: Socket): Promise<void> {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    try {
      const line = await readLine(socket, LONGEST_REQUEST, REQUEST_TIMEOUT_MS);
      socket.setTimeout(0);
      socket.end(`${JSON.stringify(await this.#answer(line))}\n`);
    } catch {
      socket.destroy();
    }
  }

  async #answer(line: string): Promise<ControlResponse> {
    try {
      return { result: (await this.#call(line)) ?? null };
    } catch (error) {
      if (error instanceof SnugError) {
        const { code, message, hint } = error;
        return { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
      }
      this.#options.log.error(`a control request failed: ${messageOf(error)}`);
      return { error: { code: 'INTERNAL', message: messageOf(error) } };
    }
  }

  async #call(line: string): Promise<unknown> {
    const request = parseRequest(line);
    const methods = this.#options.methods;
    const method = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (method !== undefined) return await method(request.params);
    throw new SnugError('NO_SUCH_METHOD', `The running relay does not know "${request.method}".`, {
      hint: 'The command and the relay may be of different versions: restart the relay.',
    });
  }
}

function parseRequest(line: string): ControlRequest {
  try {
    const value = JSON.parse(line) as Partial<ControlRequest> | null;
    if (typeof value?.method === 'string') return { method: value.method, params: value.params };
  } catch {
    // Answered below, like JSON that is no request.
  }
  throw new SnugError('BAD_REQUEST', 'That is not a control request.');
}
