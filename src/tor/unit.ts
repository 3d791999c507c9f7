import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { writeDurably } from '../support/durable-file.js';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { authenticate } from './authenticate.js';
import { requirePrograms } from './bridges.js';
import { Control } from './control.js';
import { EVENT_NAMES } from './events.js';
import { requireNewEnough } from './find.js';
import { preparePrivateFolders } from './folders.js';
import { ensureOnionKey } from './onion-key.js';
import {
  type RunPlan,
  reachControl,
  type SshAccess,
  socketPaths,
  type TorRun,
  takeOver,
  torrcOf,
  unlessAborted,
} from './run.js';
import { prepareSsh, sshPaths } from './ssh.js';

/** The folders between us and a Tor that systemd runs (docs/appliance.md). */
export interface UnitPlaces {
  /** Ours, readable for Tor's group: what Tor gets. A new `torrc` in it starts the unit. */
  readonly handover: string;
  /** Tor's own; we cannot look into it. */
  readonly home: string;
}

/** For Tor's group to read. */
const HANDED_OVER = 0o640;
/** A change of the torrc while the unit still ends is not noticed (systemd.path(5)): ask again. */
const ASK_AGAIN_MS = 5000;

const LOOK_AT = 'Look at "systemctl status snug-tor.path snug-tor.service".';

async function requireHandover(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() && found.uid === process.getuid?.()) return;
  throw new SnugError(
    'TOR_BAD_FOLDER',
    `There is no folder "${folder}" of ours to hand things to Tor.`,
    {
      hint: 'Run "systemd-tmpfiles --create" as root, or set launch = "child" in [tor].',
    },
  );
}

async function handOverSsh(plan: RunPlan, handover: string): Promise<SshAccess | undefined> {
  const [key, auth] = [join(handover, 'ssh.key'), join(handover, 'ssh.auth')];
  if (plan.ssh === undefined) {
    for (const path of [key, auth]) await rm(path, { force: true });
    return undefined;
  }
  const { privateKey } = await prepareSsh(plan.folder);
  const { service, authorized } = sshPaths(plan.folder);
  const onion = await ensureOnionKey(service);
  writeDurably(key, onion.key, HANDED_OVER);
  writeDurably(auth, await readFile(authorized), HANDED_OVER);
  return { host: onion.host, clientKey: privateKey };
}

/** A Tor of a relay that was killed just now may not be gone yet; its torrc is an old one. */
async function dismiss(plan: RunPlan): Promise<void> {
  const { control: path, cookie } = socketPaths(plan.run);
  const { command, stop } = plan.timings;
  let old: Control;
  try {
    old = await Control.connect({ path, events: EVENT_NAMES, commandMs: command });
  } catch {
    return;
  }
  try {
    await authenticate(old, cookie);
    await old.signal('SHUTDOWN');
    await Promise.race([old.closed, pause(stop, undefined, { ref: false })]);
  } catch (error) {
    if (codeOf(error) !== 'CONTROL_LOST') throw error;
  } finally {
    old.close();
  }
}

/** @returns a connection that owns Tor, and Tor's version */
async function summon(plan: RunPlan, torrc: () => void, signal: AbortSignal) {
  const { launch } = plan.timings;
  const patience = {
    ...plan,
    timings: { ...plan.timings, launch: Math.min(launch, ASK_AGAIN_MS) },
  };
  let silent: unknown;
  for (let left = Math.ceil(launch / patience.timings.launch); left > 0; left -= 1) {
    let control: Control | undefined;
    try {
      torrc();
      control = await reachControl(patience, signal);
      return { control, version: await unlessAborted(takeOver(control, plan), signal) };
    } catch (error) {
      control?.close();
      signal.throwIfAborted();
      // Lost: it was the old one, on its way out.
      if (!['TOR_SILENT', 'CONTROL_LOST'].includes(codeOf(error) ?? '')) throw error;
      silent = error;
    }
  }
  const message = `systemd did not start Tor: ${messageOf(silent)}`;
  throw new SnugError('TOR_SILENT', message, { hint: LOOK_AT, cause: silent });
}

/** Tor is not ours to kill: it is asked, and ends with the connection at the latest. */
async function leave(control: Control, graceMs: number): Promise<void> {
  await control.signal('SHUTDOWN').catch(() => undefined);
  await Promise.race([control.closed, pause(graceMs, undefined, { ref: false })]);
  control.close();
}

/**
 * Hands torrc and keys over, which makes systemd start Tor, and goes on as with a child: proves who
 * it is, takes ownership, subscribes to its events. Tor ends when we do: its owner is the control
 * connection, which works across users.
 *
 * @param plan what to run
 * @param places the folders between us and the unit
 * @param signal aborts; the promise then rejects with the signal's reason
 * @returns the running Tor
 * @throws SnugError TOR_*, TORRC_*, SSH_BAD_KEY and CONTROL_* of the steps
 */
export async function startUnitRun(
  plan: RunPlan,
  places: UnitPlaces,
  signal: AbortSignal,
): Promise<TorRun> {
  signal.throwIfAborted();
  const { handover, home } = places;
  await requirePrograms(plan.bridges);
  await requireHandover(handover);
  const onion = join(plan.folder, 'onion');
  await preparePrivateFolders([plan.folder, onion]);
  await dismiss(plan);
  const { host, key } = await ensureOnionKey(onion);
  writeDurably(join(handover, 'onion.key'), key, HANDED_OVER);
  const ssh = await handOverSsh(plan, handover);
  const text = await torrcOf(plan, home, undefined);
  const write = () => writeDurably(join(handover, 'torrc'), text, HANDED_OVER);
  const { control, version } = await summon(plan, write, signal);
  try {
    requireNewEnough(version);
    const pid = Number(await control.getInfo('process/pid'));
    const stop = () => leave(control, plan.timings.stop);
    return { host, ssh, version, pid, control, ended: control.closed, stop };
  } catch (error) {
    await leave(control, plan.timings.stop);
    throw error;
  }
}
