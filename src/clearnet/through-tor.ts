import { randomBytes } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { SnugError } from '../support/errors.js';

/** SOCKS5 (RFC 1928), and Tor's own command to look a name up (socks-extensions.txt). */
const CONNECT = 0x01;
const RESOLVE = 0xf0;
const GREETING = Buffer.from([0x05, 1, 0x02]);
const BY_IPV4 = 0x01;
const BY_NAME = 0x03;
const BY_IPV6 = 0x04;

/** RFC 1928, section 6, in the words of somebody who waits for a domain to work. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'Tor could not do it',
  2: 'the last relay of the circuit may not go there',
  3: 'its network cannot be reached',
  4: 'nobody knows that name, or its machine does not answer',
  5: 'nobody listens there',
  6: 'it took too long',
};

/** What waits for bytes of the proxy, one answer after the other. */
class Answers {
  readonly #socket: Socket;
  #held = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @returns the next bytes, exactly so many; what follows stays for whoever reads next */
  async next(count: number): Promise<Buffer> {
    while (this.#held.length < count) this.#held = Buffer.concat([this.#held, await this.#more()]);
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** Gives back what was read too far. */
  end(): void {
    if (this.#held.length > 0) this.#socket.unshift(this.#held);
  }

  #more(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      const settle = (act: () => void) => {
        socket.off('readable', onReadable).off('error', onError).off('close', onClose);
        act();
      };
      const onReadable = () => {
        const chunk: unknown = socket.read();
        if (Buffer.isBuffer(chunk)) settle(() => resolve(chunk));
      };
      const onError = (error: Error) => settle(() => reject(error));
      const onClose = () => settle(() => reject(new Error('Tor hung up')));
      socket.on('readable', onReadable).on('error', onError).on('close', onClose);
      onReadable();
    });
  }
}

function request(command: number, host: string, port: number): Buffer {
  const name = Buffer.from(host, 'latin1');
  const head = Buffer.from([0x05, command, 0x00, BY_NAME, name.length]);
  return Buffer.concat([head, name, Buffer.from([port >> 8, port & 0xff])]);
}

/** A user name of its own for each question: a circuit of its own (IsolateSOCKSAuth). */
function credentials(): Buffer {
  const name = Buffer.from(`snug-check-${randomBytes(6).toString('hex')}`);
  return Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([1, 0x78])]);
}

async function readAddress(answers: Answers): Promise<string> {
  const [type = 0] = await answers.next(1);
  if (type === BY_IPV4) return (await answers.next(4)).join('.');
  if (type === BY_IPV6) {
    const bytes = await answers.next(16);
    const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
    return groups.join(':');
  }
  const [length = 0] = await answers.next(1);
  return (await answers.next(length)).toString('latin1');
}

async function talk(socket: Socket, command: number, host: string, port: number): Promise<string> {
  const answers = new Answers(socket);
  socket.write(GREETING);
  const [, method] = await answers.next(2);
  if (method !== 0x02) throw new Error('Tor wants no user name');
  socket.write(credentials());
  const [, refused] = await answers.next(2);
  if (refused !== 0) throw new Error('Tor refused the user name');
  socket.write(request(command, host, port));
  const [, code = 0x01] = await answers.next(3);
  const address = await readAddress(answers);
  await answers.next(2);
  answers.end();
  if (code === 0) return address;
  throw new Error(REFUSALS[code] ?? `Tor answers ${code}`);
}

async function open(
  socksPath: string,
  command: number,
  to: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<{ socket: Socket; address: string }> {
  signal.throwIfAborted();
  const socket = connect(socksPath);
  const abandon = () => socket.destroy(new Error('it took too long'));
  signal.addEventListener('abort', abandon, { once: true });
  try {
    return { socket, address: await talk(socket, command, to.host, to.port) };
  } catch (cause) {
    socket.destroy();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SnugError('NOT_REACHED', why, { cause });
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

/** The world outside, as somebody sees it who comes out of a Tor exit: the relay has no other way. */
export interface Outside {
  /**
   * @param host a domain name
   * @returns one of its IP addresses
   * @throws SnugError NOT_REACHED with a reason
   */
  resolve(host: string, signal: AbortSignal): Promise<string>;
  /**
   * @returns an open connection
   * @throws SnugError NOT_REACHED with a reason
   */
  connect(host: string, port: number, signal: AbortSignal): Promise<Socket>;
}

/**
 * @param socksPath unix socket of our Tor's SocksPort
 * @returns the world as Tor's exits see it; each question takes a circuit of its own
 */
export function outsideThroughTor(socksPath: string): Outside {
  return {
    async resolve(host, signal) {
      const { socket, address } = await open(socksPath, RESOLVE, { host, port: 0 }, signal);
      socket.destroy();
      if (isIP(address) === 0) throw new SnugError('NOT_REACHED', 'Tor names no address');
      return address;
    },
    async connect(host, port, signal) {
      return (await open(socksPath, CONNECT, { host, port }, signal)).socket;
    },
  };
}
