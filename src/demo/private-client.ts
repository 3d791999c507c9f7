import { resolve } from 'node:path';
import { SnugError } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { inTime } from './in-time.js';
import { writeClient } from './private-torrcs.js';
import { findTorPrograms } from './programs.js';
import { TorNode } from './tor-node.js';

/** A Tor of a private network that is only a client. */
export interface TorClient {
  /** Its SOCKS listener. */
  readonly socks: { readonly host: '127.0.0.1'; readonly port: number };
  /** Resolves when its process is gone. Safe to call twice. */
  stop(): Promise<void>;
}

/** Options of {@link startPrivateClient}. */
export interface PrivateClientOptions {
  /** What to call it in messages. */
  readonly name: string;
  /** Path of the network's include file. */
  readonly include: string;
  /** Of this client alone; made with mode 0700 when it does not exist. */
  readonly folder: string;
  /** Name or path of tor; `tor` by default. */
  readonly binary?: string;
  /** Each of them ends the start; the promise rejects with its reason. */
  readonly signals: readonly AbortSignal[];
  /** Receives what Tor logs, at level debug. */
  readonly log?: Log;
}

const DEADLINE_MS = 180_000;

/**
 * Starts a client of a private network that runs already, in this process or in another.
 *
 * @returns the client, once it has built a circuit
 * @throws SnugError TOR_NOT_FOUND, PRIVATE_TOR_ENDED, or PRIVATE_NETWORK_LATE after three minutes
 */
export async function startPrivateClient(options: PrivateClientOptions): Promise<TorClient> {
  const { name } = options;
  const { tor } = await findTorPrograms(options.binary);
  const torrc = await writeClient(resolve(options.folder), resolve(options.include));
  const log = options.log?.room(name);
  const node = new TorNode({ name, tor, torrc, onLine: (line) => log?.debug(line) });
  const kill = () => node.kill();
  process.on('exit', kill);
  const stop = async () => {
    await node.stop();
    process.off('exit', kill);
  };
  try {
    const late = () => lateError(node);
    const port = await inTime({ ms: DEADLINE_MS, late, signals: options.signals }, async () => {
      await node.bootstrapped;
      return await node.socksPort;
    });
    return { socks: { host: '127.0.0.1', port }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function lateError(node: TorNode): SnugError {
  const text = `The Tor client "${node.name}" was not ready after ${DEADLINE_MS / 1000} s.`;
  return new SnugError('PRIVATE_NETWORK_LATE', `${text} Its last warning: ${node.lastWarning}`);
}
