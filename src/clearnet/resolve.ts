import { connect, isIP, type Socket } from 'node:net';
import type { TorDial } from '../support/tor-dial.js';
import { refusalOf } from './refusals.js';

/** SOCKS5 (RFC 1928) with Tor's own command to look a name up (socks-extensions.txt). */
const RESOLVE = 0xf0;
const GREETING = Buffer.from([0x05, 1, 0x02]);
const BY_IPV4 = 0x01;
const BY_NAME = 0x03;
const BY_IPV6 = 0x04;

type Circuit = TorDial['circuit'];

/** What waits for bytes of the proxy, one answer after the other. */
class Answers {
  readonly #socket: Socket;
  #held = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @returns the next bytes, exactly so many */
  async next(count: number): Promise<Buffer> {
    while (this.#held.length < count) this.#held = Buffer.concat([this.#held, await this.#more()]);
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
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

function request(host: string): Buffer {
  const name = Buffer.from(host, 'latin1');
  const head = Buffer.from([0x05, RESOLVE, 0x00, BY_NAME, name.length]);
  return Buffer.concat([head, name, Buffer.from([0, 0])]);
}

/** RFC 1929 */
function credentials({ user, password }: Circuit): Buffer {
  const [name, word] = [Buffer.from(user), Buffer.from(password)];
  return Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([word.length]), word]);
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

async function talk(socket: Socket, host: string, circuit: Circuit): Promise<string> {
  const answers = new Answers(socket);
  socket.write(GREETING);
  const [, method] = await answers.next(2);
  if (method !== 0x02) throw new Error('Tor wants no user name');
  socket.write(credentials(circuit));
  const [, refused] = await answers.next(2);
  if (refused !== 0) throw new Error('Tor refused the user name');
  socket.write(request(host));
  const [, code = 0x01] = await answers.next(3);
  const address = await readAddress(answers);
  if (code !== 0) throw new Error(refusalOf(code));
  if (isIP(address) === 0) throw new Error('Tor names no address');
  return address;
}

/**
 * Looks a name up through Tor, which the socks package has no command for.
 *
 * @param socks unix socket of our Tor's SocksPort
 * @param host a domain name
 * @returns one of its IP addresses, as an exit has it
 * @throws Error with Tor's reason in words, or the socket's own
 */
export async function resolveThroughTor(
  socks: string,
  host: string,
  circuit: Circuit,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const socket = connect(socks).on('error', () => undefined);
  const abandon = () => socket.destroy(new Error('the wait was given up'));
  signal.addEventListener('abort', abandon, { once: true });
  try {
    return await talk(socket, host, circuit);
  } finally {
    signal.removeEventListener('abort', abandon);
    socket.destroy();
  }
}
