import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What a client asked the stub for. */
export interface Asked {
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
}

/** A SOCKS5 proxy on a unix socket that leads where a test wants. */
export interface SocksStub {
  readonly path: string;
  /** Everything that was asked for, oldest first. */
  readonly asked: readonly Asked[];
  /** Unix socket or port of 127.0.0.1 that all hosts lead to; undefined: refused. */
  target: string | number | undefined;
  /** Hands the first bytes of the far end over in one piece with its own last answer. */
  together: boolean;
  /** Breaks every connection off. */
  cut(): void;
  stop(): Promise<void>;
}

const REFUSED = Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]);
const GRANTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

/** Reads what a client says in pieces of known length (RFC 1928, RFC 1929). */
async function* pieces(socket: Socket): AsyncGenerator<Buffer, void, number> {
  let wanted = yield Buffer.alloc(0);
  for (;;) {
    let piece = socket.read(wanted) as Buffer | null;
    while (piece === null) {
      await once(socket, 'readable');
      piece = socket.read(wanted) as Buffer | null;
    }
    wanted = yield piece;
  }
}

async function readRequest(socket: Socket): Promise<Asked> {
  const reader = pieces(socket);
  await reader.next();
  const take = async (bytes: number) => (await reader.next(bytes)).value ?? Buffer.alloc(bytes);
  const text = async () => (await take((await take(1))[0] ?? 0)).toString();
  await take((await take(2))[1] ?? 0);
  socket.write(Buffer.from([5, 2]));
  await take(1);
  const user = await text();
  const password = await text();
  socket.write(Buffer.from([1, 0]));
  const kind = (await take(4))[3];
  const host = kind === 1 ? [...(await take(4))].join('.') : await text();
  const port = (await take(2)).readUInt16BE();
  return { user, password, host, port };
}

/**
 * @param path of its unix socket
 * @returns the stub, once it listens
 */
export async function startSocksStub(path: string): Promise<SocksStub> {
  const asked: Asked[] = [];
  const open = new Set<Socket>();
  const track = (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => open.delete(socket));
  };
  const serve = async (client: Socket) => {
    asked.push(await readRequest(client));
    if (stub.target === undefined) return client.end(REFUSED);
    const far =
      typeof stub.target === 'string' ? connect(stub.target) : connect(stub.target, '127.0.0.1');
    track(far);
    far.once('error', () => client.end(REFUSED)).once('close', () => client.destroy());
    await once(far, 'connect');
    client.once('close', () => far.destroy());
    const first = stub.together ? ((await once(far, 'data')) as [Buffer])[0] : Buffer.alloc(0);
    client.write(Buffer.concat([GRANTED, first]));
    return far.pipe(client).pipe(far);
  };
  const server = createServer((client) => {
    track(client);
    serve(client).catch(() => client.destroy());
  });
  const stub: SocksStub = {
    path,
    asked,
    target: undefined,
    together: false,
    cut() {
      for (const socket of open) socket.destroy();
    },
    async stop() {
      stub.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await once(server.listen(path), 'listening');
  return stub;
}
