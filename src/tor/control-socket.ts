import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { SnugError } from '../support/errors.js';
import { type ControlReply, protocolError, ReplyFramer } from './framing.js';

const OK = /^OK$/;
/**
 * The commands that may be sent, and the first line that a good reply to each must have. Without
 * that line granax's parsers throw in a stream handler (replies.js:13-18, :90-96).
 */
const GOOD_REPLIES: ReadonlyMap<string, RegExp> = new Map([
  ['AUTHCHALLENGE', /^AUTHCHALLENGE SERVERHASH=[0-9A-F]{64} SERVERNONCE=[0-9A-F]{64}$/i],
  ['AUTHENTICATE', OK],
  ['TAKEOWNERSHIP', OK],
  ['RESETCONF', OK],
  ['SETEVENTS', OK],
  ['SETCONF', OK],
  ['GETINFO', /^[^=]+=/],
  ['CLOSECIRCUIT', OK],
  ['SIGNAL', OK],
]);

/** How granax wants to read a reply: `250-…` lines, then one `250 …`; data are kept from it. */
function forGranax(reply: ControlReply): string {
  const last = reply.lines.length - 1;
  const line = (text: string, index: number) =>
    `${reply.code}${index === last ? ' ' : '-'}${text.split('\n', 1)[0]}\r\n`;
  return reply.lines.map(line).join('');
}

/**
 * Stands between granax and the real socket. granax takes each chunk for a whole reply, trusts
 * event names, and dies of a reply that nobody waits for (controller.js:43-62, :172-196): so each
 * chunk it reads here is one whole reply to a command, or one event that we know by name.
 * Anything else destroys the connection with a SnugError.
 */
export class ControlSocket extends Duplex {
  readonly #inner: Socket;
  readonly #events: ReadonlySet<string>;
  readonly #framer = new ReplyFramer();
  readonly #asked: string[] = [];
  #reply: ControlReply | undefined;

  /**
   * @param inner connected
   * @param events names of the events that may pass
   */
  constructor(inner: Socket, events: ReadonlySet<string>) {
    super({ readableObjectMode: true });
    this.#inner = inner;
    this.#events = events;
    inner.on('data', (chunk) => this.#receive(chunk));
    inner.on('error', (error) => this.destroy(error));
    inner.on('close', () => this.destroy());
  }

  /** The whole of the last reply to a command: granax cuts its values at `=`. */
  get reply(): ControlReply | undefined {
    return this.#reply;
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const line = chunk.toString('utf8');
    const name = /^([A-Z]+)(?: [^\r\n\0]*)?\r\n$/.exec(line)?.[1];
    if (name === undefined || !GOOD_REPLIES.has(name)) {
      done(new SnugError('CONTROL_BAD_COMMAND', 'That is not a command Snug may send to Tor.'));
      return;
    }
    this.#asked.push(name);
    this.#inner.write(chunk, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#framer.push(chunk)) {
        if (this.destroyed) return;
        this.#deliver(reply);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : undefined);
    }
  }

  #deliver(reply: ControlReply): void {
    if (reply.code.startsWith('6')) {
      const name = reply.lines[0]?.split(' ', 1)[0] ?? '';
      if (reply.code === '650' && this.#events.has(name)) this.#hand(reply);
      return;
    }
    const command = this.#asked.shift();
    if (command === undefined) throw protocolError('a reply to nothing');
    const good = GOOD_REPLIES.get(command);
    if (reply.code.startsWith('2') && !good?.test(reply.lines[0] ?? '')) {
      throw protocolError(`a strange reply to ${command}`);
    }
    this.#reply = reply;
    this.#hand(reply);
  }

  #hand(reply: ControlReply): void {
    if (!this.push(forGranax(reply))) this.#inner.pause();
  }
}
