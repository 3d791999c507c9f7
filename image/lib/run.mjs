// Programs of the build machine: always an argument list, never a shell.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { run, SetupError } from '../../scripts/setup.mjs';

const execute = promisify(execFile);
const MOST_OUTPUT = 64 * 1024 * 1024;

/** What every program sees, so that the clock, place and language of the machine do not matter. */
export const PLAIN = { LC_ALL: 'C.UTF-8', TZ: 'UTC' };

/**
 * Runs a program to its end, its output on stderr.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @throws SetupError when it does not end with 0
 */
export async function must(file, args, { cwd, env } = {}) {
  const code = await run(file, args, { cwd, env: { ...process.env, ...PLAIN, ...env } });
  if (code !== 0) throw new SetupError(`${file} ${args[0] ?? ''} ended with code ${code}.`);
}

/**
 * @param {{ cwd?: string, env?: Record<string, string>, input?: string | Buffer,
 *   signal?: AbortSignal }} [options] `input` is what the program reads
 * @returns {Promise<string>} what the program prints
 * @throws SetupError with the program's own words when it does not end with 0
 */
export async function output(file, args, { cwd, env, input, signal } = {}) {
  const running = execute(file, args, {
    cwd,
    signal,
    env: { ...process.env, ...PLAIN, ...env },
    maxBuffer: MOST_OUTPUT,
  });
  // A program that reads nothing closes its end first.
  running.child.stdin?.on('error', () => undefined).end(input ?? '');
  try {
    return (await running).stdout;
  } catch (error) {
    throw new SetupError(`${file} ${args[0] ?? ''}: ${error.stderr?.trim() || error.message}`);
  }
}

const began = performance.now();

/** Says on stderr what is done now, and how many seconds after the start. */
export function say(text) {
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stderr.write(`image: ${String(seconds).padStart(4)} s  ${text}\n`);
}
