import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callControl } from '../../src/control/client.js';
import type { Snapshot } from '../../src/status/snapshot.js';
import { PACKAGE_ROOT } from '../../src/support/package.js';

/** The `snug` command as a process. */
export function spawnSnug(
  args: readonly string[],
  stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
): ChildProcess {
  const main = join(PACKAGE_ROOT, 'dist', 'src', 'main.js');
  return spawn(process.execPath, [main, ...args], { stdio });
}

/** Runs a command to its end. */
export async function runSnug(
  args: readonly string[],
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawnSnug(args);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** `snug start` in a process of its own, to be killed. */
export interface RelayChild {
  readonly child: ChildProcess;
  ask(method: string, params?: unknown): Promise<unknown>;
  status(): Promise<Snapshot>;
  /** Resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/**
 * @param config file of the relay
 * @param folder that holds its run folder
 * @returns once visitors can come
 */
export async function startRelayProcess(config: string, folder: string): Promise<RelayChild> {
  const child = spawnSnug(['--config', config, 'start']);
  const said: string[] = [];
  const exit = once(child, 'exit');
  const ready = new Promise<void>((resolve, reject) => {
    if (child.stderr === null) throw new Error('no standard error');
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('snug: ready: ')) resolve();
    });
    exit.then(() => reject(new Error(`the relay ended:\n${said.join('\n')}`)));
  });
  await ready;
  const control = join(folder, 'run', 'control.sock');
  const ask = (method: string, params: unknown = {}) => callControl(control, method, params);
  return {
    child,
    ask,
    status: async () => (await ask('status')) as Snapshot,
    async kill(signal) {
      child.kill(signal);
      await exit;
    },
  };
}
