import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { clock } from '../doctor/clock.js';
import { diskSpace } from '../doctor/disk.js';
import { domain } from '../doctor/domain.js';
import { examine } from '../doctor/examine.js';
import type { Check, Report } from '../doctor/finding.js';
import { fileModes } from '../doctor/modes.js';
import { REFUSED, refusal } from '../doctor/refusal.js';
import { askStatus, isRunning, relay } from '../doctor/relay.js';
import { sockets } from '../doctor/sockets.js';
import { type Paths, pathsOf } from '../rooms.js';
import { requireNativeCrypto } from '../ssb/native-crypto.js';
import { SnugError } from '../support/errors.js';
import { packageVersion } from '../support/package.js';
import { requirePrograms } from '../tor/bridges.js';
import { findTor } from '../tor/find.js';
import { foreignOwner, takeHold } from './hold.js';
import { restingFiles } from './resting.js';
import { startFiles } from './start-files.js';

/** What an examination needs of the command. */
export interface CheckupOptions {
  /** @throws SnugError CONFIG_INVALID */
  readonly config: () => Config;
  /** Asks the running relay. */
  readonly ask: (method: 'status' | 'clearnet.check') => Promise<unknown>;
  /** Whether to repair what can be repaired safely. */
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

const OLDEST_NODE = 20;

/**
 * Looks at everything that the relay stands on. The databases of a running relay are its own to
 * look at; those of a resting one are held meanwhile, so that none starts in the middle.
 *
 * @returns what was found, and what of it is repaired
 */
export async function checkup({ config: load, ask, fix, signal }: CheckupOptions): Promise<Report> {
  const general = [
    refusal('configuration', REFUSED, load),
    refusal('versions', REFUSED, checkNode),
    refusal('crypto', REFUSED, () => requireNativeCrypto()),
  ];
  const config = loaded(load);
  if (config === undefined) return examine(general, fix);
  const paths = pathsOf(config);
  const asked = await askStatus(() => ask('status'));
  const running = isRunning(asked);
  const owner = await foreignOwner(config.paths.state);
  const checks = [
    ...general,
    refusal('tor', REFUSED, () => findTor(config.tor.binary, signal)),
    refusal('bridges', REFUSED, () => requirePrograms(config.tor.bridges)),
    ...(owner === undefined ? startFiles(config, paths) : []),
    relay(asked, packageVersion()),
    ...machine(config, paths, running),
    ...publicDomain(config, running, ask),
  ];
  if (running) return examine(checks, fix);
  if (owner !== undefined) return examine([...checks, owner], fix);
  return examineResting(config, paths, checks, fix);
}

async function examineResting(
  config: Config,
  paths: Paths,
  checks: readonly Check[],
  fix: boolean,
): Promise<Report> {
  const hold = await takeHold(paths.ledger);
  try {
    const files = hold.free ? restingFiles(config.paths.state, paths) : [];
    return await examine([...checks, hold.check, ...files], fix);
  } finally {
    await hold.release();
  }
}

function machine(config: Config, paths: Paths, running: boolean): Check[] {
  const { state, run } = config.paths;
  const written = [join(paths.database, 'flume', 'log.offset'), join(paths.tor, 'data', 'state')];
  return [
    diskSpace(state, config.limits.reserveMb),
    clock(written, Date.now),
    fileModes([state, run]),
    sockets([paths.control, paths.site, paths.ssb], running),
  ];
}

/** Nothing, unless the clearnet profile is on. */
function publicDomain({ clearnet }: Config, running: boolean, ask: CheckupOptions['ask']): Check[] {
  if (clearnet === undefined) return [];
  return [domain(clearnet.domain, running, () => ask('clearnet.check'))];
}

function loaded(load: () => Config): Config | undefined {
  try {
    return load();
  } catch {
    // Told by its own check.
    return undefined;
  }
}

function checkNode(): void {
  const { node } = process.versions;
  if (Number(node.split('.')[0]) >= OLDEST_NODE) return;
  throw new SnugError('NODE_TOO_OLD', `Node ${node} is too old for Snug.`, {
    hint: `Install Node ${OLDEST_NODE} or newer.`,
  });
}
