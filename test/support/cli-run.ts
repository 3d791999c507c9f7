import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCli } from '../../src/cli/program.js';
import { ControlServer } from '../../src/control/server.js';
import { createLog } from '../../src/support/log.js';

/** What a command said and how it ended. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The `snug` command in a place of its own: no configuration and no relay of this machine. */
export interface CliGround {
  readonly folder: string;
  /** The configuration; the state is `state` below the folder, the sockets are in `run`. */
  readonly config: string;
  run(...args: string[]): Promise<Said>;
  /** The same, with an end to it and each line as it comes. */
  runUntil(signal: AbortSignal, onLine: (line: string) => void, ...args: string[]): Promise<number>;
  /** A relay that answers so, until the test ends. */
  answering(answers: Record<string, unknown>): Promise<[method: string, params: unknown][]>;
}

/** @param more lines of the configuration */
export function cliGround(t: TestContext, more = ''): CliGround {
  const folder = mkdtempSync(join(tmpdir(), 'snug-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'snug.toml');
  writeFileSync(config, `[paths]\nstate = "${folder}/state"\nrun = "${folder}/run"\n${more}`);
  const env = { HOME: folder, PATH: process.env.PATH, SNUG_CONFIG: config };
  const start = (signal: AbortSignal, out: (line: string) => void, err: string[], args: string[]) =>
    runCli(args, { env, terminal: { out, err: (line) => err.push(line) }, signal });
  return {
    folder,
    config,
    async run(...args) {
      const out: string[] = [];
      const err: string[] = [];
      const code = await start(new AbortController().signal, (line) => out.push(line), err, args);
      return { code, out: out.join('\n'), err: err.join('\n') };
    },
    runUntil: (signal, onLine, ...args) => start(signal, onLine, [], args),
    answering: (answers) => answer(t, folder, answers),
  };
}

async function answer(t: TestContext, folder: string, answers: Record<string, unknown>) {
  const asked: [method: string, params: unknown][] = [];
  const methods = Object.entries(answers).map(([method, result]) => [
    method,
    (params: unknown) => {
      asked.push([method, params]);
      if (result instanceof Error) throw result;
      return result;
    },
  ]);
  mkdirSync(join(folder, 'run'), { recursive: true, mode: 0o700 });
  const log = createLog({ write: () => undefined, journal: false, verbose: false });
  const socket = join(folder, 'run', 'control.sock');
  const server = new ControlServer({ socket, methods: Object.fromEntries(methods), log });
  await server.start();
  t.after(() => server.stop());
  return asked;
}
