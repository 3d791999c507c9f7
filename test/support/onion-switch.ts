import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A stand-in for Tor's SocksPort on a unix socket: brings onions to unix sockets of this machine. */
export interface OnionSwitch {
  /** Hosts that were asked for, oldest first. */
  readonly asked: string[];
  /** User name and password of each connection as sent: each pair is a circuit of its own. */
  readonly circuits: string[];
  /** Onion hosts that can be reached, with the unix sockets behind them. */
  readonly routes: Map<string, string>;
  /** Lets nobody through until it is released; those who asked then go together. */
  hold(): { release(): void };
  /** Connections that stand now. */
  readonly open: Set<Socket>;
  close(): Promise<void>;
}

/** RFC 1928 and 1929; Tor's reply 0xF0 is "no descriptor". */
const USER_AND_PASSWORD = Buffer.from([5, 2]);
const WELCOME = Buffer.from([1, 0]);
const GRANTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const NOT_FOUND = Buffer.from([5, 0xf0, 0, 1, 0, 0, 0, 0, 0, 0]);

/** @returns the host name in a SOCKS5 request */
function hostIn(request: Buffer): string {
  return request.toString('latin1', 5, 5 + (request[4] ?? 0));
}

/** @param path where it listens */
export async function openSwitch(path: string): Promise<OnionSwitch> {
  const asked: string[] = [];
  const routes = new Map<string, string>();
  const open = new Set<Socket>();
  const circuits: string[] = [];
  let ids = 0;
  let held = Promise.resolve();
  const bridge = async (socket: Socket, request: Buffer) => {
    const host = hostIn(request);
    asked.push(host);
    await held;
    const target = routes.get(host);
    if (target === undefined) {
      socket.end(NOT_FOUND);
      return;
    }
    ids += 1;
    const service = connect(target);
    service.write(`PROXY TCP6 fc00:dead:beef:4dad::1:${ids.toString(16)} ::1 44 8008\r\n`);
    service.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('close', () => service.destroy());
    socket.write(GRANTED);
    socket.pipe(service).pipe(socket);
  };
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    socket.once('data', () => {
      socket.write(USER_AND_PASSWORD);
      socket.once('data', (names) => {
        circuits.push(names.toString('latin1'));
        socket.write(WELCOME);
        socket.once('data', (request) => void bridge(socket, request as Buffer));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    asked,
    circuits,
    routes,
    open,
    hold() {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return { release };
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(path, { force: true });
    },
  };
}
