/** The thread of a stock ssb-server with the relay's plugins, on a TCP port of this machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import ssbBlobs from 'ssb-blobs';
import ssbEbt from 'ssb-ebt';
import ssbFriends from 'ssb-friends';
import ssbInvite from 'ssb-invite';
import ssbKeys from 'ssb-keys';
import ssbReplicate from 'ssb-replicate';
import ssbServer, { type SsbServer } from 'ssb-server';
import { findFreePorts } from '../demo/free-ports.js';
import { Bridge, served } from '../ssb/bridge.js';

/** What the stock server's thread does. */
export interface StockCalls {
  /** @returns its feed id and the port that it listens on */
  open(): Promise<{ id: string; port: number }>;
  follow(feed: string): Promise<void>;
  close(): Promise<void>;
}

const folder = mkdtempSync(join((workerData as { folder: string }).folder, 'stock-'));
let server: SsbServer | undefined;

const calls: StockCalls = {
  async open() {
    const [port = 0] = await findFreePorts(1);
    const stack = ssbServer.createSsbServer().use(ssbReplicate).use(ssbEbt);
    const full = stack.use(ssbFriends).use(ssbInvite).use(ssbBlobs);
    const net = { scope: 'device', host: '127.0.0.1', port, transform: 'shs' };
    const running = full({
      path: folder,
      keys: ssbKeys.generate('ed25519'),
      connections: { incoming: { net: [net] }, outgoing: { net: [{ transform: 'shs' }] } },
      timers: { handshake: 60_000, inactivity: 3_600_000 },
      friends: { hops: 2 },
    });
    server = running;
    await new Promise<void>((resolve) => running.on('multiserver:listening', () => resolve()));
    return { id: running.id, port };
  },
  follow: (feed) =>
    new Promise((resolve, reject) =>
      server?.publish({ type: 'contact', contact: feed, following: true }, (error) =>
        error ? reject(error) : resolve(),
      ),
    ),
  async close() {
    await new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    rmSync(folder, { recursive: true, force: true });
    parentPort?.unref();
  },
};

Object.assign(console, { log: () => undefined, error: () => undefined, warn: () => undefined });
if (parentPort !== null) {
  new Bridge(
    parentPort,
    served(() => calls, ['open', 'follow', 'close']),
  );
}
