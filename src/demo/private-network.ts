import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SnugError } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { makeAuthorityKeys } from './authority-keys.js';
import { consensusListing } from './consensus.js';
import { findFreePorts } from './free-ports.js';
import { inTime } from './in-time.js';
import { startPrivateClient, type TorClient } from './private-client.js';
import {
  type CommonPlan,
  type RelayPlan,
  type VoteTimes,
  voteTimes,
  writeInclude,
  writeRelay,
} from './private-torrcs.js';
import { findTorPrograms, type TorPrograms } from './programs.js';
import { TorNode } from './tor-node.js';

/** A path over an onion service has three different relays on each side. */
const RELAYS = ['relay1', 'relay2', 'relay3', 'relay4', 'relay5'];
const DEADLINE_MS = 180_000;

/** A Tor network on 127.0.0.1: five relays, which are its authorities, and clients on demand. */
export interface PrivateNetwork {
  /** File of torrc lines that make any Tor join this network. */
  readonly include: string;
  /** Holds everything that the network writes; whoever chose it removes it after `stop`. */
  readonly folder: string;
  /**
   * @param name small letters, digits and dashes, never used before in this network
   * @param signal ends the start
   * @returns a running client that has built its first circuit
   * @throws SnugError BAD_CLIENT_NAME, PRIVATE_TOR_ENDED, PRIVATE_NETWORK_LATE
   */
  startClient(name: string, signal?: AbortSignal): Promise<TorClient>;
  /** Resolves when every Tor of the network, its clients too, is gone. Safe to call twice. */
  stop(): Promise<void>;
}

/** Options of {@link startPrivateNetwork}. */
export interface PrivateNetworkOptions {
  /** Where to work; made with mode 0700 when it does not exist. */
  readonly folder: string;
  /** Name or path of tor; `tor` by default. */
  readonly binary?: string;
  /** Ends the start; the promise rejects with its reason. */
  readonly signal: AbortSignal;
  /** Receives a short sentence at each step. */
  readonly onProgress: (text: string) => void;
  /** Receives what the Tors log, at level debug. */
  readonly log?: Log;
  /** Also let clients reach TCP ports of 127.0.0.1 through the network. */
  readonly exits?: boolean;
}

/**
 * Starts a private network. After a failure nothing of it is left running.
 *
 * @returns the network, once every relay knows all others and has built a circuit
 * @throws SnugError TOR_NOT_FOUND, AUTHORITY_KEYS, NO_FREE_PORTS, PRIVATE_TOR_ENDED, or
 *   PRIVATE_NETWORK_LATE after three minutes
 */
export async function startPrivateNetwork(options: PrivateNetworkOptions): Promise<PrivateNetwork> {
  const network = new Network(options, await findTorPrograms(options.binary));
  try {
    await network.start();
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

class Network implements PrivateNetwork {
  readonly folder: string;
  readonly include: string;
  readonly #options: PrivateNetworkOptions;
  readonly #programs: TorPrograms;
  readonly #nodes: TorNode[] = [];
  readonly #clients = new Map<string, Promise<TorClient>>();
  readonly #stopping = new AbortController();
  /** A process that exits without `stop` takes its Tors along; after kill -9 Tor notices itself. */
  readonly #killAll = () => {
    for (const node of this.#nodes) node.kill();
  };

  constructor(options: PrivateNetworkOptions, programs: TorPrograms) {
    this.folder = resolve(options.folder);
    this.include = join(this.folder, 'network.torrc');
    this.#options = options;
    this.#programs = programs;
    process.on('exit', this.#killAll);
  }

  async start(): Promise<void> {
    const { onProgress, signal } = this.#options;
    const signals = [signal, this.#stopping.signal];
    await inTime({ ms: DEADLINE_MS, late: () => this.#late(), signals }, async (wanted) => {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      onProgress('Making the keys of a private Tor network');
      const began = performance.now();
      const plans = await this.#plan(wanted);
      const votes = voteTimes(Date.now(), performance.now() - began);
      onProgress(`Starting ${plans.length} Tor relays on 127.0.0.1`);
      await this.#launch(plans, votes);
      onProgress('Waiting until they agree on a list of relays');
      const listed = plans.map((plan) => consensusListing(plan.folder, RELAYS, wanted));
      await Promise.all([...listed, ...this.#nodes.map((node) => node.bootstrapped)]);
      onProgress('The private Tor network is up');
    });
  }

  startClient(name: string, signal?: AbortSignal): Promise<TorClient> {
    if (!/^[a-z0-9-]{1,40}$/.test(name) || this.#clients.has(name)) {
      const text = `A Tor client cannot have the name "${name}".`;
      const hint = 'Use small letters, digits and dashes, and each name only once.';
      return Promise.reject(new SnugError('BAD_CLIENT_NAME', text, { hint }));
    }
    const { binary, log } = this.#options;
    const client = startPrivateClient({
      name,
      include: this.include,
      folder: join(this.folder, 'clients', name),
      signals: [this.#stopping.signal, ...(signal === undefined ? [] : [signal])],
      ...(binary === undefined ? {} : { binary }),
      ...(log === undefined ? {} : { log }),
    });
    this.#clients.set(name, client);
    return client;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new SnugError('PRIVATE_NETWORK_STOPPED', 'The private network stops.'));
    const clients = [...this.#clients.values()].map((client) =>
      // One that failed to start has ended itself and told whoever asked for it.
      client.then((running) => running.stop()).catch(() => undefined),
    );
    await Promise.all([...this.#nodes.map((node) => node.stop()), ...clients]);
    process.off('exit', this.#killAll);
  }

  async #plan(signal: AbortSignal): Promise<RelayPlan[]> {
    const relays = await Promise.all(
      RELAYS.map(async (name) => {
        const folder = join(this.folder, name);
        return { name, folder, id: await makeAuthorityKeys(this.#programs, folder, signal) };
      }),
    );
    const ports = await findFreePorts(2 * relays.length);
    return relays.map((relay, i) => {
      const [orPort = 0, dirPort = 0] = ports.slice(2 * i);
      return { ...relay, orPort, dirPort };
    });
  }

  async #launch(plans: readonly RelayPlan[], votes: VoteTimes): Promise<void> {
    await writeInclude(this.include, plans);
    const exits = this.#options.exits ?? false;
    const common: CommonPlan = { include: this.include, votes, exits };
    const torrcs = await Promise.all(plans.map((plan) => writeRelay(plan, common)));
    this.#stopping.signal.throwIfAborted();
    plans.forEach(({ name }, i) => {
      const log = this.#options.log?.room(name);
      const onLine = (line: string) => log?.debug(line);
      const { tor } = this.#programs;
      this.#nodes.push(new TorNode({ name, tor, torrc: torrcs[i] ?? '', onLine }));
    });
  }

  #late(): SnugError {
    const text = `The private Tor network was not up after ${DEADLINE_MS / 1000} s.`;
    const warnings = new Set(this.#nodes.map((node) => node.lastWarning ?? 'nothing'));
    const said = `Tor's last warnings: ${[...warnings].join(' | ')}`;
    return new SnugError('PRIVATE_NETWORK_LATE', `${text} ${said}`, {
      hint: 'Try again when the machine has less to do.',
    });
  }
}
