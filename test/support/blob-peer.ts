import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import pull, { type Source } from 'pull-stream';
import ssbBlobs from 'ssb-blobs';
import type { Callback, Peer, Plugin } from 'ssb-server';
import type { SsbHouse } from './ssb-house.js';
import type { StockPeer } from './ssb-peer.js';
import { eventually } from './wait.js';

/** What a stock ssb-blobs offers to its own machine. */
interface StockBlobs {
  add(cb: Callback<string>): unknown;
  push(id: string, cb: Callback<void>): void;
  want(id: string, cb: Callback<boolean>): void;
  get(id: string): Source<Buffer>;
}

function stockOf(peer: StockPeer): StockBlobs {
  return (peer.server as unknown as { blobs: StockBlobs }).blobs;
}

function answered<T>(call: (cb: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) =>
    call((error, value) => (error ? reject(error) : resolve(value))),
  );
}

/** A member with a stock ssb-server and its ssb-blobs. */
export interface Member {
  readonly peer: StockPeer;
  /** Connects as itself. */
  connect(): Promise<Peer>;
  /** Connects, and hangs up when done. */
  visit<T>(during: (rpc: Peer) => Promise<T>): Promise<T>;
  /** Puts a blob into its own store. */
  add(bytes: Buffer): Promise<string | undefined>;
  /** Asks others to fetch a blob. */
  push(id: string): Promise<unknown>;
  /** Resolves once it has the blob. */
  want(id: string): Promise<unknown>;
  /** A blob of its own store. */
  blob(id: string): Source<Buffer>;
}

/** @param plugin its blobs, ssb-blobs if not given */
export async function joinHouse(house: SsbHouse, plugin: Plugin = ssbBlobs): Promise<Member> {
  return await joinWith(house.peer({ plugins: [plugin] }), house.code(), plugin);
}

/**
 * @param peer a stock peer with blobs
 * @param code that it redeems
 * @param plugin its blobs
 */
export async function joinWith(
  peer: StockPeer,
  code: string,
  plugin: Plugin = ssbBlobs,
): Promise<Member> {
  await peer.redeem(code);
  // It opens a database behind everybody's back, and ends the process if its folder is gone by then.
  const opened = join(peer.folder, 'blobs_push', 'CURRENT');
  if (plugin === ssbBlobs) {
    await eventually('opening blobs_push', () => existsSync(opened) || undefined);
  }
  const stock = () => stockOf(peer);
  return {
    peer,
    connect: () => peer.connect(code),
    async visit(during) {
      const rpc = await peer.connect(code);
      const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
      try {
        return await during(rpc);
      } finally {
        rpc.close(true);
        await closed;
      }
    },
    add: (bytes) => answered((cb) => pull(pull.values([bytes]), stock().add(cb))),
    push: (id) => answered((cb) => stock().push(id, cb)),
    want: (id) => answered((cb) => stock().want(id, cb)),
    blob: (id) => stock().get(id),
  };
}

/** Blobs of a peer that says and sends what the test wants, true or not. */
export interface Puppet {
  readonly plugin: Plugin;
  /** Tells whoever listens. */
  say(news: Record<string, number>): void;
  /** The blobs that were asked of it, in order. */
  readonly asked: string[];
}

/** @param give the bytes that it sends for a blob */
export function makePuppet(give: (id: string) => Source<Buffer>): Puppet {
  const asked: string[] = [];
  const unsaid: object[] = [];
  const waiting = new Set<(end: true | null, news?: object) => void>();
  return {
    asked,
    say(news) {
      const [cb] = waiting;
      if (cb === undefined) {
        unsaid.push(news);
        return;
      }
      waiting.delete(cb);
      cb(null, news);
    },
    plugin: {
      name: 'blobs',
      permissions: { ...ssbBlobs.permissions },
      manifest: { has: 'async', get: 'source', createWants: 'source' },
      init: () => ({
        createWants: (): Source<object> => (abort, cb) => {
          const next = unsaid.shift();
          if (abort) cb(abort);
          else if (next !== undefined) cb(null, next);
          else waiting.add(cb);
        },
        get(request: { key: string }): Source<Buffer> {
          asked.push(request.key);
          return give(request.key);
        },
      }),
    },
  };
}

/** From now on nothing is read from the socket. */
export function stopReading(socket: Socket): void {
  socket.pause();
  socket.resume = () => socket;
}
