import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { type OnionHost, parseOnionHost } from '../support/onion-host.js';
import { authenticate } from './authenticate.js';
import { requirePrograms } from './bridges.js';
import { Control } from './control.js';
import { EVENT_NAMES, parseBootstrap, parseEvent, type TorEvent } from './events.js';
import { findTor } from './find.js';
import { preparePrivateFolders } from './folders.js';
import { launchTor, type TorProcess } from './launch.js';
import type { TorOutput } from './output.js';
import { prepareSsh } from './ssh.js';
import type { TorTimings } from './timings.js';
import { type OnionPort, readInclude, renderTorrc } from './torrc.js';

/** Everything one run of Tor depends on. */
export interface RunPlan {
  readonly binary: string | undefined;
  readonly include: string | undefined;
  readonly folder: string;
  readonly run: string;
  readonly services: readonly OnionPort[];
  readonly streamsPerCircuit: number;
  /** Lines as after the word `Bridge` in a torrc. */
  readonly bridges: readonly string[];
  /** Unix socket of an ssh server that gets an onion of its own. */
  readonly ssh: string | undefined;
  readonly timings: TorTimings;
  /** Gets what Tor prints. */
  readonly output: TorOutput;
  /** Gets what Tor reports, from the moment it is subscribed to. */
  readonly onEvent: (event: TorEvent) => void;
}

/** How the operator finds ssh. */
export interface SshAccess {
  readonly host: OnionHost;
  /** x25519, base32: the operator's half of the client authorisation. Secret. */
  readonly clientKey: string;
}

/** One Tor process that we own, its network off. */
export interface TorRun {
  readonly host: OnionHost;
  readonly ssh: SshAccess | undefined;
  readonly version: string;
  readonly pid: number;
  readonly control: Control;
  /** Resolves, never rejects, with the reason when the process or its control connection is gone. */
  readonly ended: Promise<SnugError>;
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
}

/** @param run folder of the sockets */
export function socketPaths(run: string) {
  return {
    control: join(run, 'control'),
    cookie: join(run, 'cookie'),
    socks: join(run, 'socks'),
  };
}

/**
 * @param home folder that Tor keeps its things in
 * @param owner process id of ours, undefined when Tor is another user's
 * @returns the text of the torrc
 */
export async function torrcOf(
  plan: RunPlan,
  home: string,
  owner: number | undefined,
): Promise<string> {
  return renderTorrc({
    ...socketPaths(plan.run),
    data: join(home, 'data'),
    onion: join(home, 'onion'),
    services: plan.services,
    streams: plan.streamsPerCircuit,
    owner,
    ssh: plan.ssh === undefined ? undefined : { folder: join(home, 'ssh'), socket: plan.ssh },
    bridges: plan.bridges,
    include: await readInclude(plan.include),
  });
}

/** @throws SnugError TOR_SILENT when nothing listens in time; the signal's reason when aborted */
export async function reachControl(plan: RunPlan, signal: AbortSignal): Promise<Control> {
  const { control: path } = socketPaths(plan.run);
  const { launch, look, command } = plan.timings;
  for (let left = Math.ceil(launch / look); left > 0; left -= 1) {
    signal.throwIfAborted();
    try {
      return await Control.connect({ path, events: EVENT_NAMES, commandMs: command });
    } catch (error) {
      if (codeOf(error) !== 'CONTROL_LOST') throw error;
    }
    await pause(look, undefined, { signal });
  }
  throw new SnugError('TOR_SILENT', 'Tor was started but does not open its control socket.', {
    hint: 'Its output is in the log; a very slow memory card can be the reason.',
  });
}

async function readHost(folder: string, service: string): Promise<OnionHost> {
  try {
    // Tor writes it before it serves its control socket, with the network off too (docs/facts.md).
    return parseOnionHost((await readFile(join(folder, service, 'hostname'), 'utf8')).trim());
  } catch (cause) {
    throw new SnugError('TOR_NO_HOST', `Tor did not make an onion address: ${messageOf(cause)}`, {
      hint: `Look at the keys in the folder "${service}", or restore them from a backup.`,
      cause,
    });
  }
}

/** Subscribing comes before anything that could cause an event. */
export async function takeOver(control: Control, plan: RunPlan): Promise<string> {
  await authenticate(control, socketPaths(plan.run).cookie);
  await control.takeOwnership();
  for (const name of EVENT_NAMES) {
    control.on(name, (lines) => {
      const event = parseEvent(name, lines);
      if (event !== undefined) plan.onEvent(event);
    });
  }
  await control.subscribe();
  const bootstrap = parseBootstrap(await control.getInfo('status/bootstrap-phase'));
  if (bootstrap !== undefined) plan.onEvent(bootstrap);
  return control.getInfo('version');
}

/** Settles as the promise does, but not after the signal: then with the signal's reason. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** When Tor dies, its last words tell more than the connection that broke with it. */
async function betterReason<E>(child: TorProcess, error: E, waitMs: number) {
  if (codeOf(error) !== 'CONTROL_LOST') return error;
  return Promise.race([child.exited, pause(waitMs, error, { ref: false })]);
}

async function meet(
  child: TorProcess,
  plan: RunPlan,
  clientKey: string | undefined,
  signal: AbortSignal,
): Promise<TorRun> {
  const gone = new AbortController();
  child.exited.then((why) => gone.abort(why));
  const either = AbortSignal.any([signal, gone.signal]);
  const graceMs = plan.timings.stop;
  let control: Control | undefined;
  try {
    control = await reachControl(plan, either);
    const version = await unlessAborted(takeOver(control, plan), either);
    const host = await readHost(plan.folder, 'onion');
    const ssh = clientKey && { host: await readHost(plan.folder, 'ssh'), clientKey };
    const closed = control.closed.then((why) => betterReason(child, why, graceMs));
    const ended = Promise.race([child.exited, closed]);
    const stop = () => child.stop(graceMs);
    return { host, ssh: ssh || undefined, version, pid: child.pid, control, ended, stop };
  } catch (error) {
    const why = either.aborted ? either.reason : await betterReason(child, error, graceMs);
    control?.close();
    await child.stop(graceMs);
    throw why;
  }
}

/**
 * Finds Tor, writes its torrc, starts it with its network off, proves who it is, takes ownership,
 * subscribes to its events and learns the onion host. When any step fails, no process is left.
 *
 * @param plan what to run
 * @param signal aborts; the promise then rejects with the signal's reason
 * @returns the running Tor
 * @throws SnugError TOR_*, TORRC_* and CONTROL_* of the steps
 */
export async function startRun(plan: RunPlan, signal: AbortSignal): Promise<TorRun> {
  signal.throwIfAborted();
  const tor = await findTor(plan.binary, signal);
  await requirePrograms(plan.bridges);
  const { folder, run } = plan;
  await preparePrivateFolders([folder, join(folder, 'data'), join(folder, 'onion'), run]);
  const clientKey = plan.ssh === undefined ? undefined : (await prepareSsh(folder)).privateKey;
  const torrc = join(folder, 'torrc');
  await writeFile(torrc, await torrcOf(plan, folder, process.pid), { mode: 0o600 });
  // What a killed Tor left behind would be taken for the new one's.
  for (const path of Object.values(socketPaths(run))) await rm(path, { force: true });
  signal.throwIfAborted();
  const child = await launchTor(tor.path, torrc, plan.output);
  return meet(child, plan, clientKey, signal);
}
