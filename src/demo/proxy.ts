import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { renderCaddyfile } from '../clearnet/caddyfile.js';
import { type ClearnetPlan, originOf } from '../clearnet/plan.js';
import { SnugError } from '../support/errors.js';
import { inTime } from './in-time.js';

/** Options of {@link startProxy}. */
export interface ProxyOptions {
  /** Whose storage is of this proxy alone; its certificate is the internal authority's. */
  readonly plan: ClearnetPlan;
  readonly signal: AbortSignal;
  /** Receives each line that the proxy prints. */
  readonly onLine?: (line: string) => void;
}

/** The reverse proxy of the clearnet profile, on ports of this machine. */
export interface ReverseProxy {
  /** URL of the site, without a path. */
  readonly origin: string;
  /** File with the certificate of its authority, PEM. */
  readonly authority: string;
  /** Resolves when its process is gone. Safe to call twice. */
  stop(): Promise<void>;
}

const DEADLINE_MS = 30_000;
/** What Caddy logs once it listens, and once it has a certificate. */
const SIGNS = [/serving initial configuration/, /certificate obtained successfully/];

/** @returns resolves when it serves; rejects with PROXY_ENDED when it ends instead */
function serving(child: ChildProcess, onLine?: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const missing = new Set(SIGNS);
    let last = 'it said nothing';
    const fail = (why: string) =>
      reject(new SnugError('PROXY_ENDED', `The reverse proxy has ended: ${why}`));
    child.once('error', (error) =>
      fail(`${error.message}. Install it with: apt-get install caddy`),
    );
    child.once('exit', () => fail(last));
    if (child.stderr === null) return fail('it cannot be heard');
    createInterface({ input: child.stderr }).on('line', (line) => {
      last = line;
      onLine?.(line);
      for (const sign of missing) if (sign.test(line)) missing.delete(sign);
      if (missing.size === 0) resolve();
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/**
 * Runs Debian's Caddy with the configuration that `snug clearnet render` writes.
 *
 * @returns the proxy, once it has a certificate and serves
 * @throws SnugError PROXY_ENDED when there is no `caddy`, or it does not start
 */
export async function startProxy({ plan, signal, onLine }: ProxyOptions): Promise<ReverseProxy> {
  await mkdir(plan.storage, { recursive: true, mode: 0o700 });
  const caddyfile = join(plan.storage, 'Caddyfile');
  await writeFile(caddyfile, renderCaddyfile(plan));
  signal.throwIfAborted();
  // In a process group of its own: Ctrl-C is for us, and we stop things in order.
  const child = spawn('caddy', ['run', '--config', caddyfile, '--adapter', 'caddyfile'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_DATA_HOME: plan.storage, XDG_CONFIG_HOME: plan.storage },
  });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const stop = async () => {
    await end(child);
    process.off('exit', kill);
  };
  const late = () => new SnugError('PROXY_ENDED', 'The reverse proxy has no certificate in time.');
  try {
    await inTime({ ms: DEADLINE_MS, late, signals: [signal] }, () => serving(child, onLine));
  } catch (error) {
    await stop();
    throw error;
  }
  const authority = join(plan.storage, 'pki', 'authorities', 'local', 'root.crt');
  return { origin: originOf(plan), authority, stop };
}
