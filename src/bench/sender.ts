/** The thread of a member's client, to send feeds to whoever is measured. See {@link SenderCalls}. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import pull from 'pull-stream';
import ssbServer, { type Callback, type Duplex, type Peer, type SsbServer } from 'ssb-server';
import { Bridge, served } from '../ssb/bridge.js';
import { BlobSender } from './blob-sender.js';
import { dial, inLargePieces, type Way } from './dial.js';
import { EbtSender } from './ebt-sender.js';
import { type Feeds, makeFeeds } from './feeds.js';
import type { Load } from './plan.js';
import type { Made, SenderCalls, Sent } from './sender-calls.js';

/** How often it is looked whether everything has arrived. */
const LOOK_EVERY_MS = 50;
/** Without one feed complete for so long, nothing will come of it. */
const STUCK_MS = 120_000;
/** Any host that parses; the way is told apart from the address. */
const SOME_ONION = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion';

interface EbtPeer {
  ebt: {
    replicate(options: { version: 3 }, cb: Callback<void>): Pick<EbtSender, 'source' | 'sink'>;
  };
}

const folder = mkdtempSync(join((workerData as { folder: string }).folder, 'sender-'));
const blobs = new BlobSender();
let feeds: Feeds | undefined;
let server: SsbServer | undefined;
let way: Way | undefined;
let socket: Socket | undefined;

function made(): Feeds {
  if (feeds === undefined) throw new Error('nothing has been made yet');
  return feeds;
}

/** The protocols of a client, with a transport that goes the way that is being measured. */
function startClient(): SsbServer {
  const transport = {
    name: 'onion',
    scope: () => 'public',
    server: () => () => undefined,
    client(_to: never, cb: Callback<Duplex>) {
      if (way === undefined) throw new Error('there is no way yet');
      dial(way).then((open) => {
        open.on('error', () => open.destroy());
        socket = open;
        cb(null, inLargePieces(open));
      }, cb);
      return () => undefined;
    },
    parse: (text: string) => (text.startsWith('onion:') ? { name: 'onion' } : null),
    stringify: () => null,
  };
  const stack = ssbServer
    .createSsbServer()
    .use({
      name: 'bench-transport',
      init: (one: SsbServer) =>
        void one.multiserver.transport({ name: 'onion', create: () => transport }),
    })
    .use({ name: 'ebt', manifest: { replicate: 'duplex' }, init: () => ({}) })
    .use(blobs.plugin)
    .use({ name: 'invite', manifest: { use: 'async' }, init: () => ({}) });
  return stack({
    path: folder,
    keys: made().member,
    connections: { incoming: {}, outgoing: { onion: [{ transform: 'shs' }] } },
    timers: { handshake: 60_000, inactivity: 3_600_000 },
  });
}

function connect(to: Way, key: string, seed?: string): Promise<Peer> {
  way = to;
  server ??= startClient();
  const shs = seed === undefined ? key : `${key}:${seed}`;
  return new Promise((resolve, reject) =>
    server?.connect(`onion:${SOME_ONION}:8008~shs:${shs}`, (error, peer) =>
      peer === undefined ? reject(error) : resolve(peer),
    ),
  );
}

function keyOf(feed: string): string {
  return feed.slice(1).replace(/\.ed25519$/, '');
}

function has(peer: Peer, id: string, sequence: number): Promise<boolean> {
  const options = { id, seq: sequence, limit: 1, keys: false, live: false };
  return new Promise((resolve, reject) => {
    const collect = pull.collect<unknown>((error, found) =>
      error ? reject(new Error(error.message)) : resolve((found ?? []).length > 0),
    );
    pull(peer.createHistoryStream(options), collect);
  });
}

async function feedArrived(peer: Peer, feed: string, length: number): Promise<void> {
  const deadline = performance.now() + STUCK_MS;
  while (!(await has(peer, feed, length))) {
    if (performance.now() > deadline) throw new Error(`a feed of ${length} got stuck`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/**
 * All feeds go on together and end together, so one is watched and then all others are asked for at
 * once: one after the other, each would be a trip through Tor in which nothing else happens.
 */
async function arrived(peer: Peer): Promise<void> {
  const [first, ...others] = [...made().messages].map(([feed, { length }]) => ({ feed, length }));
  if (first !== undefined) await feedArrived(peer, first.feed, first.length);
  await Promise.all(others.map(({ feed, length }) => feedArrived(peer, feed, length)));
}

const calls: SenderCalls = {
  async make(load: Load): Promise<Made> {
    feeds = makeFeeds(load);
    return { id: feeds.member.id, messages: feeds.count, bytes: feeds.bytes };
  },
  async redeem(to: Way, code: string) {
    const [, key = '', seed = ''] = /:@([^~]+)\.ed25519~(.+)$/.exec(code) ?? [];
    const peer = await connect(to, key, seed);
    await new Promise<void>((resolve, reject) =>
      peer.invite.use({ feed: made().member.id }, (error) =>
        error ? reject(new Error(error.message)) : resolve(),
      ),
    );
    peer.close(true);
  },
  async send(to: Way, relay: string): Promise<Sent> {
    const peer = await connect(to, keyOf(relay));
    if (socket === undefined) throw new Error('connected without a socket');
    const sender = new EbtSender(made(), socket);
    const failed = new Promise<never>((_, reject) => {
      const stream = (peer as unknown as EbtPeer).ebt.replicate({ version: 3 }, (error) =>
        reject(new Error(`the replication ended: ${error?.message ?? 'by the other side'}`)),
      );
      sender.sink(stream.source);
      stream.sink(sender.source);
    });
    await Promise.race([arrived(peer), failed]);
    const ms = performance.now() - (sender.began ?? 0);
    peer.close(true);
    return { ms };
  },
  async sendBlobs(to: Way, relay: string, count: number, bytes: number): Promise<Sent> {
    const peer = await connect(to, keyOf(relay));
    blobs.offer(count, bytes);
    await blobs.taken(peer);
    const ms = performance.now() - (blobs.began ?? 0);
    peer.close(true);
    return { ms };
  },
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
    served(() => calls, ['make', 'redeem', 'send', 'sendBlobs', 'close']),
  );
}
