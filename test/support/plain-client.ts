import { connect, type Socket } from 'node:net';
import pull, { type Source } from 'pull-stream';
import secretHandshake from 'secret-handshake';
import toPull from 'stream-to-pull-stream';
import type { Kept, SignedFeed } from './signed-feed.js';
import { eventually } from './wait.js';

/** packet-stream-codec's header, read by hand. */
export interface Packet {
  readonly request: number;
  readonly stream: boolean;
  readonly end: boolean;
  readonly body: unknown;
}

/** SSB's network (protocol guide, "Handshake"). */
export const NETWORK = Buffer.from('1KHLiKZvAvjbY1ziZEHMXawbCEIM6qwjCDm3VYRan/s=', 'base64');
const STREAM = 8;
const END = 4;
const JSON_BODY = 2;
const TEXT_BODY = 1;

function decode(kind: number, bytes: Buffer): unknown {
  if (kind === JSON_BODY) return JSON.parse(bytes.toString());
  return kind === TEXT_BODY ? bytes.toString() : bytes;
}

/** @returns the packet's bytes */
export function packet(request: number, flags: number, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(9);
  header.writeUInt8(flags, 0);
  header.writeUInt32BE(bytes.length, 1);
  header.writeInt32BE(request, 5);
  return Buffer.concat([header, bytes]);
}

/**
 * The client that docs/facts.md describes ("The client of the specification's author"), on the bare
 * secret handshake: it asks only `createHistoryStream`, says nothing of EBT and has no manifest,
 * and answers `createHistoryStream` with its whole feed from the start, whatever it is asked for.
 */
export class PlainClient {
  readonly feed: SignedFeed;
  /** Everything that came, in order. */
  readonly packets: Packet[] = [];
  readonly socket: Socket;
  /** Whether it has hung up because nothing came. */
  hungUp = false;
  /** What it answers with; a test may put anything here. */
  answer: readonly Kept[];
  #send: (bytes: Buffer) => void = () => undefined;
  #rest = Buffer.alloc(0);
  #requests = 0;
  readonly #asked: number[] = [];

  private constructor(feed: SignedFeed, socket: Socket) {
    this.feed = feed;
    this.answer = feed.messages;
    this.socket = socket;
  }

  /**
   * @param path of the relay's socket
   * @param relay its feed id
   * @param idleMs without a byte from the relay for so long it hangs up; never if not given
   * @returns once the handshake is done; nothing is sent after it
   */
  static async connect(
    path: string,
    relay: string,
    feed: SignedFeed,
    idleMs?: number,
  ): Promise<PlainClient> {
    const socket = connect(path);
    socket.on('error', () => socket.destroy());
    socket.write('PROXY TCP6 fc00:dead:beef:4dad::0:77 ::1 44 8008\r\n');
    const client = new PlainClient(feed, socket);
    await client.#shake(Buffer.from(relay.slice(1, 45), 'base64'));
    if (idleMs !== undefined) client.#hangUpWhenIdle(idleMs);
    return client;
  }

  /** Only what comes counts: `setTimeout` of a socket would also take what goes. */
  #hangUpWhenIdle(idleMs: number): void {
    const idle = setTimeout(() => {
      this.hungUp = true;
      this.socket.destroy();
    }, idleMs);
    this.socket.on('data', () => idle.refresh());
    this.socket.once('close', () => clearTimeout(idle));
  }

  #shake(relay: Buffer): Promise<void> {
    const secretKey = Buffer.from(this.feed.keys.private, 'base64');
    const keys = { secretKey, publicKey: secretKey.subarray(32) };
    const shake = secretHandshake.createClient(keys, NETWORK, 10_000);
    const wire = toPull.duplex(this.socket);
    return new Promise((resolve, reject) => {
      const handshake = shake(relay, (error, open) => {
        if (open === undefined) {
          reject(error);
          return;
        }
        open.sink(this.#outgoing());
        pull(
          open.source,
          pull.drain<Buffer>(
            (bytes) => this.#take(bytes),
            () => this.socket.destroy(),
          ),
        );
        resolve();
      });
      pull(wire.source, handshake, wire.sink);
    });
  }

  #outgoing(): Source<Buffer> {
    const queue: Buffer[] = [];
    let waiting: ((end: null, bytes: Buffer) => void) | undefined;
    this.#send = (bytes) => {
      const cb = waiting;
      waiting = undefined;
      if (cb === undefined) queue.push(bytes);
      else cb(null, bytes);
    };
    return (abort, cb) => {
      const next = queue.shift();
      if (abort) cb(abort);
      else if (next !== undefined) cb(null, next);
      else waiting = cb;
    };
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUInt32BE(1);
      if (this.#rest.length < 9 + length) return;
      const flags = this.#rest.readUInt8(0);
      const body = this.#rest.subarray(9, 9 + length);
      const got: Packet = {
        request: this.#rest.readInt32BE(5),
        stream: (flags & STREAM) !== 0,
        end: (flags & END) !== 0,
        body: decode(flags & 3, body),
      };
      this.#rest = Buffer.from(this.#rest.subarray(9 + length));
      this.packets.push(got);
      if (got.request > 0 && !got.end) this.#serve(got);
    }
  }

  #serve(asked: Packet): void {
    const { name } = asked.body as { name: string[] };
    if (name.join('.') !== 'createHistoryStream') return;
    this.#asked.push(asked.request);
    for (const message of this.answer) this.#reply(asked.request, message);
  }

  #reply(request: number, body: unknown): void {
    this.send(packet(-request, STREAM | JSON_BODY, JSON.stringify(body)));
  }

  /** Sends bytes as they are. */
  send(bytes: Buffer): void {
    this.#send(bytes);
  }

  /** Goes on with the feed, on every stream on which it was asked for. */
  post(text: string): void {
    const message = this.feed.post(text);
    for (const request of this.#asked) this.#reply(request, message);
  }

  /** Speaks EBT after all, which the client of docs/facts.md does not. @returns the request */
  replicate(clock: Readonly<Record<string, number>>, options: object = {}): number {
    this.#requests += 1;
    const args = [{ version: 3, ...options }];
    const call = { name: ['ebt', 'replicate'], type: 'duplex', args };
    this.send(packet(this.#requests, STREAM | JSON_BODY, JSON.stringify(call)));
    this.sendOn(this.#requests, clock);
    return this.#requests;
  }

  /** Sends on a stream of its own. */
  sendOn(request: number, body: unknown): void {
    this.send(packet(request, STREAM | JSON_BODY, JSON.stringify(body)));
  }

  /** Asks as that client does. @returns the number of the request */
  ask(options: object): number {
    this.#requests += 1;
    const call = { name: ['createHistoryStream'], type: 'source', args: [options] };
    this.send(packet(this.#requests, STREAM | JSON_BODY, JSON.stringify(call)));
    return this.#requests;
  }

  /** @returns what has come on a stream so far; the last one tells whether it has ended */
  replies(request: number): { bodies: unknown[]; ended: boolean } {
    const own = this.packets.filter((got) => got.request === -request);
    return {
      bodies: own.filter((got) => !got.end).map((got) => got.body),
      ended: own.some((got) => got.end),
    };
  }

  /** Waits for so many replies. */
  async received(request: number, count: number): Promise<unknown[]> {
    return await eventually(
      `${count} replies`,
      () => {
        const { bodies } = this.replies(request);
        return bodies.length >= count ? bodies : undefined;
      },
      15_000,
    );
  }

  /** @returns the requests of the relay: name and first argument */
  requests(): { name: string; options: Record<string, unknown> }[] {
    return this.packets
      .filter((got) => got.request > 0 && !got.end)
      .map((got) => {
        const { name, args } = got.body as { name: string[]; args: Record<string, unknown>[] };
        return { name: name.join('.'), options: args[0] ?? {} };
      });
  }

  close(): void {
    this.socket.destroy();
  }
}
