import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrivateNetwork, startPrivateNetwork } from '../demo/private-network.js';
import type { Way } from './dial.js';
import { BenchRelay } from './relay.js';
import type { Place } from './threads.js';

const RAW_PORT = 9;
const SSB_PORT = 8008;

/** A private Tor network and a relay on it that can be stopped and started, in one folder. */
export class Ground {
  readonly rawSocket: string;
  /** For the threads of the other peers. */
  readonly place: Place;
  readonly #folder: string;
  readonly #network: PrivateNetwork;
  readonly #signal: AbortSignal;
  readonly #socks: { readonly host: string; readonly port: number };
  #relay: BenchRelay | undefined;

  private constructor(
    folder: string,
    network: PrivateNetwork,
    socks: { host: string; port: number },
    signal: AbortSignal,
  ) {
    this.#folder = folder;
    this.#network = network;
    this.#socks = socks;
    this.#signal = signal;
    this.place = { folder, signal };
    this.rawSocket = join(folder, 'raw.sock');
  }

  /** Runs `work` on a fresh ground, of which nothing is left afterwards. */
  static async use(
    signal: AbortSignal,
    onProgress: (text: string) => void,
    work: (ground: Ground) => Promise<void>,
  ): Promise<void> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'snug-bench-')));
    const undo = [() => rm(folder, { recursive: true, force: true })];
    try {
      const network = await startPrivateNetwork({
        folder: join(folder, 'network'),
        signal,
        onProgress,
      });
      undo.push(() => network.stop());
      const { socks } = await network.startClient('member', signal);
      const ground = new Ground(folder, network, socks, signal);
      undo.push(() => ground.stopRelay());
      await work(ground);
    } finally {
      for (const step of undo.reverse()) await step();
    }
  }

  /** Starts the relay, with a third port of its onion service for raw bytes. */
  async startRelay(): Promise<BenchRelay> {
    const include = join(this.#folder, 'relay.torrc');
    // These lines come last in the relay's torrc, so the port belongs to its onion service.
    const port = `HiddenServicePort ${RAW_PORT} unix:"${this.rawSocket}"\n`;
    await writeFile(include, `${await readFile(this.#network.include, 'utf8')}\n${port}`);
    this.#relay = await BenchRelay.start(this.#folder, include, this.#signal);
    return this.#relay;
  }

  async stopRelay(): Promise<void> {
    await this.#relay?.stop();
    this.#relay = undefined;
  }

  /** @returns the way through Tor to the relay's SSB port, or to the raw one */
  async overOnion(port: 'ssb' | 'raw'): Promise<Way> {
    const host = (await this.#relay?.status())?.tor?.host ?? '';
    const number = port === 'ssb' ? SSB_PORT : RAW_PORT;
    return { kind: 'onion', socks: this.#socks, host, port: number };
  }
}
