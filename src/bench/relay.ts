import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { callControl } from '../control/client.js';
import type { Snapshot } from '../status/snapshot.js';
import type { Way } from './dial.js';
import type { LoopDelay } from './loop-delay.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const LOOP_DELAY = new URL('./loop-delay.js', import.meta.url).href;
const LOOK_EVERY_MS = 20;

/** How long a start took, in milliseconds since the process was spawned. */
export interface ColdStart {
  /** Until the onion was published and everything up. */
  readonly ready: number;
  /** Until SSB had also read its log. */
  readonly indexed: number;
}

/** `snug start` on the private network, as it runs on a board. */
export class BenchRelay {
  readonly coldStart: ColdStart;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, coldStart: ColdStart) {
    this.#child = child;
    this.#folder = folder;
    this.coldStart = coldStart;
  }

  /**
   * @param folder of its configuration, state and sockets
   * @param include torrc lines of the private network
   * @param signal kills it
   */
  static async start(folder: string, include: string, signal: AbortSignal): Promise<BenchRelay> {
    const config = join(folder, 'snug.toml');
    const quote = (text: string) => JSON.stringify(text);
    const paths = `[paths]\nstate = ${quote(join(folder, 'state'))}\nrun = ${quote(join(folder, 'run'))}\n`;
    await writeFile(config, `${paths}[tor]\ninclude = ${quote(include)}\n`, { mode: 0o600 });
    const began = performance.now();
    const child = spawn(
      process.execPath,
      ['--import', LOOP_DELAY, MAIN, '--config', config, 'start'],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        signal,
        killSignal: 'SIGTERM',
      },
    );
    child.on('error', () => undefined);
    await untilReady(child);
    const ready = performance.now() - began;
    const relay = new BenchRelay(child, folder, { ready, indexed: ready });
    while ((await relay.status()).ssb?.indexed !== true) await pause();
    return new BenchRelay(child, folder, { ready, indexed: performance.now() - began });
  }

  /** The way to its SSB socket, without Tor. */
  get ssb(): Way {
    return { kind: 'unix', path: join(this.#folder, 'run', 'ssb.sock'), virtualPort: 8008 };
  }

  /** The way to its site, without Tor. */
  get site(): Way {
    return { kind: 'unix', path: join(this.#folder, 'run', 'site.sock'), virtualPort: 80 };
  }

  async status(): Promise<Snapshot> {
    return (await this.#ask('status')) as Snapshot;
  }

  async createInvite(): Promise<string> {
    return ((await this.#ask('invite.create')) as { code: string }).code;
  }

  /** @returns the delays of the main thread since the last call */
  async loopDelay(): Promise<LoopDelay> {
    const answer = once(this.#child, 'message');
    this.#child.send('read');
    const [delay] = (await answer) as [LoopDelay];
    return delay;
  }

  /** @returns resident memory of the relay and of its Tor, in bytes */
  async memory(): Promise<{ relay: number; tor: number }> {
    const { tor } = await this.status();
    const pid = (tor as { pid?: number } | undefined)?.pid;
    return { relay: await resident(this.#child.pid), tor: await resident(pid) };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }

  #ask(method: string): Promise<unknown> {
    return callControl(join(this.#folder, 'run', 'control.sock'), method, {});
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}

async function untilReady({ stderr }: ChildProcess): Promise<void> {
  if (stderr === null) throw new Error('the relay has no standard error');
  const said: string[] = [];
  const lines = createInterface({ input: stderr });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (said.length < 50) said.push(line);
      if (/^info: snug: ready: /.test(line)) resolve();
    });
    lines.once('close', () => reject(new Error(`the relay ended:\n${said.join('\n')}`)));
  });
}

/** proc(5), /proc/pid/status: VmRSS in kB. */
async function resident(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}
