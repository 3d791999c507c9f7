import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPrivateClient, type TorClient } from '../../src/demo/private-client.js';
import { startPrivateNetwork } from '../../src/demo/private-network.js';

/** The private Tor network that the tests run on. */
export interface TestNetwork {
  /** File of torrc lines that make a Tor join it. */
  readonly include: string;
  /** A client that stands for visitors' Tor Browsers. */
  readonly client: { readonly socks: { readonly host: string; readonly port: number } };
  /** @returns one more client, which `stop` ends at the latest */
  startClient(name: string): Promise<TorClient>;
  /** Ends what was started for the caller: everything, or only its own clients. */
  stop(): Promise<void>;
}

/** What scripts/test.mjs writes into the file that SNUG_TEST_NETWORK names. */
interface Description {
  readonly include: string;
  readonly socks: { readonly host: string; readonly port: number };
}

/**
 * @returns the network that `npm test` has started for all test files; for a test file that is run
 *   alone, a network of its own
 */
export async function testNetwork(): Promise<TestNetwork> {
  const shared = process.env.SNUG_TEST_NETWORK;
  const folder = await mkdtemp(join(tmpdir(), 'snug-net-'));
  return shared === undefined ? ownNetwork(folder) : sharedNetwork(shared, folder);
}

async function ownNetwork(folder: string): Promise<TestNetwork> {
  const network = await startPrivateNetwork({
    folder,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    exits: true,
  });
  return {
    include: network.include,
    client: await network.startClient('tests'),
    startClient: (name) => network.startClient(name),
    stop: async () => {
      await network.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function sharedNetwork(file: string, folder: string): Promise<TestNetwork> {
  const { include, socks } = JSON.parse(await readFile(file, 'utf8')) as Description;
  const ending = new AbortController();
  const clients: Promise<TorClient>[] = [];
  return {
    include,
    client: { socks },
    startClient: (name) => {
      const own = { name, include, folder: join(folder, name), signals: [ending.signal] };
      const client = startPrivateClient(own);
      clients.push(client);
      return client;
    },
    stop: async () => {
      ending.abort(new Error('the test is over'));
      await Promise.allSettled(clients.map(async (client) => (await client).stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
