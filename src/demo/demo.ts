import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planOf } from '../clearnet/plan.js';
import { loadConfig } from '../config/load-config.js';
import { callControl } from '../control/client.js';
import { SnugError } from '../support/errors.js';
import { findFreePorts } from './free-ports.js';
import { introduceFriends } from './friends.js';
import { startPrivateNetwork } from './private-network.js';
import { type ReverseProxy, startProxy } from './proxy.js';
import { RelayProcess } from './relay-process.js';
import type { DemoReport } from './words.js';

/** Options of {@link runDemo}. */
export interface DemoOptions {
  /** Ends the demo. */
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
  /** Called once, when visitors can come. */
  readonly onReady: (report: DemoReport) => void;
  /** Also offer the page on HTTPS, at a name that only this machine knows. */
  readonly clearnet?: boolean;
  /** Also let two members write to each other; what happens is said to this. */
  readonly onFriends?: (text: string) => void;
}

type Undo = () => Promise<unknown>;

/** Browsers look names below .localhost up on this machine and nowhere else (RFC 6761, 6.3). */
const DOMAIN = 'snug.localhost';

function toml(include: string, folder: string, clearnet: boolean): string {
  const quote = (text: string) => JSON.stringify(text);
  return [
    '[paths]',
    `state = ${quote(join(folder, 'state'))}`,
    `run = ${quote(join(folder, 'run'))}`,
    '[tor]',
    `include = ${quote(include)}`,
    ...(clearnet ? ['[clearnet]', `domain = ${quote(DOMAIN)}`, 'tls = "internal"'] : []),
    '',
  ].join('\n');
}

/** @returns the proxy in front of the relay's second socket; none when it was not asked for */
async function startClearnet(
  folder: string,
  options: DemoOptions,
): Promise<ReverseProxy | undefined> {
  if (options.clearnet !== true) return undefined;
  const config = loadConfig({ file: join(folder, 'snug.toml'), env: {} });
  const [http = 0, https = 0] = await findFreePorts(2);
  const changes = { ports: { http, https }, bind: '127.0.0.1', storage: join(folder, 'proxy') };
  const plan = planOf(config, changes);
  return plan && (await startProxy({ plan, signal: options.signal }));
}

async function startAll(folder: string, undo: Undo[], options: DemoOptions): Promise<RelayProcess> {
  const { signal, onProgress } = options;
  const network = await startPrivateNetwork({
    folder: join(folder, 'network'),
    signal,
    onProgress,
  });
  undo.push(() => network.stop());
  const config = join(folder, 'snug.toml');
  await writeFile(config, toml(network.include, folder, options.clearnet === true), {
    mode: 0o600,
  });
  const control = join(folder, 'run', 'control.sock');
  const relay = new RelayProcess({ config, control, signal, onLine: onProgress });
  undo.push(() => relay.stop());
  const [status, visitor] = await Promise.all([
    relay.ready(),
    network.startClient('visitor', signal),
  ]);
  const proxy = await startClearnet(folder, options);
  if (proxy !== undefined) undo.push(() => proxy.stop());
  const clearnet = proxy && { clearnet: proxy.origin, authority: proxy.authority };
  const { site = '', ssbAddress: ssb = '' } = status;
  const socks = `${visitor.socks.host}:${visitor.socks.port}`;
  const onion = site.replace('http://', '');
  options.onReady({ site, onion, ssb, socks, state: folder, config, control, ...clearnet });
  const { onFriends: say } = options;
  if (say !== undefined) {
    const newCode = async () =>
      ((await callControl(control, 'invite.create', {})) as { code: string }).code;
    const met = introduceFriends({ folder, socks: visitor.socks, newCode, say });
    const friends = await Promise.race([met, ending(signal)]);
    if (friends !== 'asked') undo.push(() => Promise.all(friends.map((one) => one.close())));
  }
  return relay;
}

function ending(signal: AbortSignal): Promise<'asked'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('asked');
    else signal.addEventListener('abort', () => resolve('asked'), { once: true });
  });
}

/**
 * Runs a private Tor network and a relay on it, in a temporary folder, until the signal aborts.
 * Nothing of it is left afterwards.
 *
 * @throws SnugError of what could not start, or RELAY_ENDED when the relay ends by itself
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'snug-demo-')));
  const undo: Undo[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const relay = await startAll(folder, undo, options);
    const why = await Promise.race([ending(options.signal), relay.ended()]);
    if (why !== 'asked') throw new SnugError('RELAY_ENDED', 'The relay ended by itself.');
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}
