import { spawn } from 'node:child_process';
import { SnugError } from '../support/errors.js';
import type { TorOutput } from './output.js';

/** A Tor that runs as our child. */
export interface TorProcess {
  readonly pid: number;
  /** Resolves, never rejects, once Tor has ended and said its last word. */
  readonly exited: Promise<SnugError>;
  /** @param graceMs from asking to killing; resolves when the process is gone */
  stop(graceMs: number): Promise<void>;
}

/** Tor's last word on a data folder that another process holds, after waiting 5 s (0.4.9.11). */
const LOCKED = /No, it's still there\. {1,2}Exiting/;

/** The last line is often only "see warnings above". */
const LAST_WORDS = 2;

/** No HOME, no proxies, and above all no NOTIFY_SOCKET: Debian's Tor would report to our unit. */
const ENVIRONMENT = { PATH: '/usr/bin:/bin' };

function exitError(
  code: number | null,
  signal: string | null,
  complaints: readonly string[],
): SnugError {
  if (complaints.some((line) => LOCKED.test(line))) {
    const message = 'Another Tor still holds the data folder, perhaps from before a crash.';
    return new SnugError('TOR_LOCKED', message, {
      hint: 'It should end by itself within a minute; if not, stop it and Snug goes on.',
    });
  }
  if (signal !== null) return new SnugError('TOR_EXITED', `Tor was ended by ${signal}.`);
  const last = code === 0 ? '' : complaints.slice(-LAST_WORDS).join(' ');
  const words = last === '' ? '' : ` Its last words: ${last}`;
  return new SnugError('TOR_EXITED', `Tor ended with code ${code}.${words}`, {
    hint: 'If that names an option, correct it in the file of extra torrc lines.',
  });
}

/**
 * Starts Tor in a process group of its own, so that Ctrl-C reaches only us and we stop in order.
 *
 * @param binary absolute path
 * @param torrc absolute path of its only configuration
 * @param output gets what Tor prints
 * @returns the running child
 * @throws SnugError TOR_UNUSABLE when the program cannot be started
 */
export async function launchTor(
  binary: string,
  torrc: string,
  output: TorOutput,
): Promise<TorProcess> {
  const child = spawn(binary, ['-f', torrc, '--defaults-torrc', '/dev/null'], {
    cwd: '/',
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  output.begin();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  const exited = new Promise<SnugError>((resolve) => {
    child.once('close', (code, signal) => {
      resolve(exitError(code, signal, output.complaints));
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', (cause) => {
      const message = `"${binary}" cannot be started: ${cause.message}.`;
      reject(new SnugError('TOR_UNUSABLE', message, { cause }));
    });
  });
  // Later errors are failed kills: the process is gone already.
  child.on('error', () => {});
  const stop = async (graceMs: number) => {
    const deadline = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(deadline);
  };
  return { pid: child.pid ?? 0, exited, stop };
}
