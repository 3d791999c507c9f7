import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the server does about a command: text to send, nothing at all, or anything to the socket. */
export type Reaction = string | undefined | ((socket: Socket) => void);

/** Options of {@link HostileControl}. */
export interface HostileOptions {
  /** Overrules the honest answer where it returns something else than `'honest'`. */
  readonly react?: (command: string) => Reaction | 'honest';
  /** How an answer is put on the wire. */
  readonly send?: (socket: Socket, text: string) => void;
  readonly cookie?: Buffer;
}

const SERVER_KEY = 'Tor safe cookie authentication server-to-controller hash';
const OK = '250 OK\r\n';
const INFO = new Map([
  ['version', '0.4.9.11'],
  ['status/version/current', 'recommended'],
  ['status/bootstrap-phase', 'NOTICE BOOTSTRAP PROGRESS=45 TAG=x SUMMARY="a=b \\"c\\""'],
]);

/** @returns what a real Tor would say to the commands that the tor room sends */
export function honestAnswer(command: string, cookie: Buffer): string {
  const [name, ...words] = command.split(' ');
  if (name === 'AUTHCHALLENGE') {
    const nonce = randomBytes(32);
    const proof = Buffer.concat([cookie, Buffer.from(words[1] ?? '', 'hex'), nonce]);
    const hash = createHmac('sha256', SERVER_KEY).update(proof).digest('hex').toUpperCase();
    const hexNonce = nonce.toString('hex').toUpperCase();
    return `250 AUTHCHALLENGE SERVERHASH=${hash} SERVERNONCE=${hexNonce}\r\n`;
  }
  if (name === 'GETINFO') {
    const value = INFO.get(words[0] ?? '');
    if (value === undefined) return `552 Unrecognized key "${words[0]}"\r\n`;
    return `250-${words[0]}=${value}\r\n${OK}`;
  }
  if (name === 'CLOSECIRCUIT' && words[0] !== '44') return `552 Unknown circuit "${words[0]}"\r\n`;
  return OK;
}

/** A control server on a real unix socket that can be made to misbehave. */
export class HostileControl {
  readonly path: string;
  readonly cookieFile: string;
  /** Every line it was sent. */
  readonly commands: string[] = [];
  readonly #folder: string;
  readonly #options: HostileOptions;
  readonly #cookie: Buffer;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param options how it misbehaves; without any it is honest */
  static async open(options: HostileOptions = {}): Promise<HostileControl> {
    const folder = await mkdtemp(join(tmpdir(), 'snug-control-'));
    const server = new HostileControl(folder, options);
    await writeFile(server.cookieFile, server.#cookie, { mode: 0o600 });
    await new Promise<void>((resolve) => server.#server.listen(server.path, resolve));
    return server;
  }

  private constructor(folder: string, options: HostileOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#cookie = options.cookie ?? randomBytes(32);
    this.path = join(folder, 'control');
    this.cookieFile = join(folder, 'cookie');
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Sends text that nobody asked for to every client. */
  shout(text: string): void {
    for (const socket of this.#sockets) this.#send(socket, text);
  }

  /** Hangs up, and takes everything away. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let text = '';
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      const lines = (text + chunk.toString('utf8')).split('\r\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#answer(socket, line);
    });
  }

  #answer(socket: Socket, command: string): void {
    this.commands.push(command);
    const wanted = this.#options.react?.(command) ?? undefined;
    const honest = this.#options.react === undefined || wanted === 'honest';
    const reaction = honest ? honestAnswer(command, this.#cookie) : wanted;
    if (typeof reaction === 'function') reaction(socket);
    else if (reaction !== undefined) this.#send(socket, reaction);
  }

  #send(socket: Socket, text: string): void {
    if (this.#options.send === undefined) socket.write(text);
    else this.#options.send(socket, text);
  }
}
