import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A SOCKS5 server on a unix socket, as Tor's, for which every domain lives on this machine. */
export interface FakeOutside {
  readonly socks: string;
  /** Addresses by name; a test may change them. */
  readonly names: Record<string, string>;
  close(): Promise<void>;
}

function reply(code: number, address = '0.0.0.0'): Buffer {
  return Buffer.from([5, code, 0, 1, ...address.split('.').map(Number), 0, 0]);
}

/** The client of the house sends each of its three messages in one piece, and waits in between. */
async function serve(socket: Socket, names: Readonly<Record<string, string>>): Promise<void> {
  await once(socket, 'data');
  socket.write(Buffer.from([5, 2]));
  await once(socket, 'data');
  socket.write(Buffer.from([1, 0]));
  const [asked] = (await once(socket, 'data')) as [Buffer];
  const length = asked[4] ?? 0;
  const host = asked.toString('latin1', 5, 5 + length);
  const address = names[host];
  if (asked[1] === 0xf0) {
    socket.end(address === undefined ? reply(4) : reply(0, address));
    return;
  }
  const target = connect(asked.readUInt16BE(5 + length), '127.0.0.1');
  target.on('error', () => socket.end(reply(5)));
  target.on('connect', () => {
    // In two pieces, and the second with the first bytes of what follows, as on a bad day.
    socket.write(reply(0).subarray(0, 3));
    setImmediate(() => {
      socket.write(reply(0).subarray(3));
      socket.pipe(target).pipe(socket);
    });
  });
  socket.on('error', () => target.destroy()).on('close', () => target.destroy());
  target.on('close', () => socket.destroy());
}

/** @param socks path of the unix socket */
export async function openFakeOutside(
  socks: string,
  names: Record<string, string>,
): Promise<FakeOutside> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    serve(socket, names).catch(() => socket.destroy());
  });
  server.listen(socks);
  await once(server, 'listening');
  return {
    socks,
    names,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
