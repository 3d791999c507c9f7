import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from '../../src/app.js';
import { loadConfig } from '../../src/config/load-config.js';
import { callControl } from '../../src/control/client.js';
import type { Timings } from '../../src/rooms.js';
import { drawRiddle } from '../../src/site/site.js';
import type { Snapshot } from '../../src/status/snapshot.js';
import { createLog } from '../../src/support/log.js';

/** A relay on the tests' private network, in this process, in a folder of its own. */
export interface TestRelay {
  readonly app: App;
  readonly folder: string;
  readonly control: string;
  /** The answers of the riddles drawn so far, oldest first. */
  readonly answers: readonly string[];
  /** What it logged. */
  readonly lines: readonly string[];
  status(): Promise<Snapshot>;
  ask(method: string, params?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** Generous: a busy machine shares two cores among six Tors, a browser and the tests. */
const READY_DEADLINE_MS = 120_000;

/** Riddles that a test draws are its visitors' alone: the relay does not visit itself meanwhile. */
const NO_SELF_VISITS: Timings = { visits: { first: 24 * 3_600_000 } };

/** @returns a configuration file for a relay below `folder` on the private network */
export async function writeConfig(folder: string, include: string, more = ''): Promise<string> {
  const file = join(folder, 'snug.toml');
  const paths = `[paths]\nstate = "${folder}/state"\nrun = "${folder}/run"\n`;
  await writeFile(file, `${paths}[tor]\ninclude = "${include}"\n${more}`);
  return file;
}

/** @returns a fresh folder with a short path, for unix sockets may have 107 bytes */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'snug-'));
}

/**
 * @param include torrc lines of the private network
 * @param more lines of TOML
 * @param again the folder of a relay that was stopped, to start it once more
 * @param timings other waits; without any the relay does not visit itself
 * @returns a relay that visitors can reach
 */
export async function startRelay(
  include: string,
  more = '',
  again?: string,
  timings = NO_SELF_VISITS,
): Promise<TestRelay> {
  const folder = again ?? (await temporaryFolder());
  const config = loadConfig({ file: await writeConfig(folder, include, more), env: {} });
  const answers: string[] = [];
  const lines: string[] = [];
  const app = new App({
    config,
    timings,
    log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
    draw: () => {
      const riddle = drawRiddle();
      answers.push(riddle.answer);
      return riddle;
    },
  });
  const control = join(folder, 'run', 'control.sock');
  const stop = async () => {
    await app.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const deadline = AbortSignal.timeout(READY_DEADLINE_MS);
    await app.start(deadline);
    await app.ready(deadline);
  } catch (error) {
    await stop();
    throw new Error(`the relay did not become ready:\n${lines.join('\n')}`, { cause: error });
  }
  const ask = (method: string, params: unknown = {}) => callControl(control, method, params);
  const status = async () => (await ask('status')) as Snapshot;
  return { app, folder, control, answers, lines, status, ask, stop };
}
