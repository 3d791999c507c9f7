import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SocksClient } from 'socks';

/** Options of {@link dialThroughTor}. */
export interface TorDial {
  /** Unix socket of our Tor's SocksPort. */
  readonly socks: string;
  /** A name or an onion host; Tor, or the exit, resolves it, this machine never does. */
  readonly host: string;
  /** 1 … 65535 */
  readonly port: number;
  /**
   * SOCKS user name and password, 1 to 255 bytes each. Tor's IsolateSOCKSAuth (on by default) gives
   * each pair of them circuits of its own.
   */
  readonly circuit: { readonly user: string; readonly password: string };
  /** In milliseconds, for Tor to answer. */
  readonly timeoutMs: number;
  /** Aborts the attempt. */
  readonly signal: AbortSignal;
}

/**
 * The package hands on what came right behind Tor's answer as a `data` event in the next turn of
 * the loop, and lets the socket flow (socks 2.8.10, socksclient.js, connect): nobody would be
 * there to hear a server that speaks first. So wait for that turn, and put it all back.
 *
 * @returns once the socket is paused with everything still in it
 * @throws Error when it has ended meanwhile
 */
async function holdBack(socket: Socket): Promise<void> {
  const early: Buffer[] = [];
  const keep = (chunk: Buffer) => early.push(chunk);
  socket.on('data', keep);
  await new Promise((resolve) => setImmediate(resolve));
  socket.pause().off('data', keep);
  if (socket.readableEnded || socket.destroyed) throw new Error('the connection ended at once');
  if (early.length > 0) socket.unshift(Buffer.concat(early));
}

/**
 * Connects to somewhere through Tor's SOCKS socket, and in no other way.
 *
 * @returns the open socket, paused; its errors do nothing until somebody listens to them
 * @throws the signal's reason, the socket's error or SocksClientError with Tor's reason
 */
export async function dialThroughTor(dial: TorDial): Promise<Socket> {
  const { signal } = dial;
  signal.throwIfAborted();
  const proxy = connect(dial.socks);
  const abandon = () => proxy.destroy();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await once(proxy, 'connect', { signal });
    const { socket } = await SocksClient.createConnection({
      command: 'connect',
      destination: { host: dial.host, port: dial.port },
      existing_socket: proxy,
      proxy: {
        host: 'unix',
        port: 1,
        type: 5,
        userId: dial.circuit.user,
        password: dial.circuit.password,
      },
      timeout: dial.timeoutMs,
    });
    socket.on('error', () => undefined);
    await holdBack(socket);
    signal.throwIfAborted();
    return socket;
  } catch (cause) {
    proxy.destroy();
    signal.throwIfAborted();
    throw cause;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
