import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { acceptCircuits } from '../support/proxy-line.js';
import { dial, type Way } from './dial.js';

const CHUNK = Buffer.alloc(64 * 1024, 'snug');

/** A socket behind the relay's own onion service that swallows bytes, to know what Tor can do. */
export class RawSink {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param path of the socket
   * @param expected bytes that a connection brings; then it is told so
   */
  static async listen(path: string, expected: number): Promise<RawSink> {
    const server = createServer();
    acceptCircuits(server, (socket) => {
      let bytes = 0;
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        bytes += chunk.length;
        if (bytes >= expected) socket.end('.');
      });
      socket.resume();
    });
    server.listen(path);
    await once(server, 'listening');
    return new RawSink(server);
  }

  close(): void {
    this.#server.close();
  }
}

/** @returns bytes a second, from the first byte until the other side has said that all are there */
export async function sendRaw(way: Way, bytes: number): Promise<number> {
  const socket = await dial(way);
  socket.resume();
  const done = once(socket, 'end');
  const began = performance.now();
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    if (!socket.write(CHUNK.subarray(0, Math.min(left, CHUNK.length)))) await once(socket, 'drain');
  }
  await done;
  socket.destroy();
  return (bytes / (performance.now() - began)) * 1000;
}
