import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, SnugError } from '../support/errors.js';

/** A Tor program that may be started. */
export interface FoundTor {
  /** Absolute path. */
  readonly path: string;
  /** As it prints it, such as `0.4.9.11`. */
  readonly version: string;
}

/** The oldest series that the live network still accepts (docs/facts.md, Tor). */
const OLDEST = [0, 4, 9] as const;
/** Services often have a short PATH. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'];
/** A cold start from a slow memory card. */
const VERSION_DEADLINE_MS = 30_000;
const INSTALL = 'Install the Debian package `tor`: sudo apt install tor.';

const run = promisify(execFile);

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function locate(binary: string | undefined, searchPath: string): Promise<string> {
  if (binary?.includes('/')) {
    if (isAbsolute(binary) && (await isProgram(binary))) return binary;
    throw new SnugError('TOR_NOT_FOUND', `There is no program at "${binary}".`, {
      hint: `Give the full path of tor, or leave it out to have it found. ${INSTALL}`,
    });
  }
  const folders = searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of [...folders, ...USUAL_FOLDERS]) {
    const path = join(folder, binary ?? 'tor');
    if (await isProgram(path)) return path;
  }
  throw new SnugError('TOR_NOT_FOUND', `The program "${binary ?? 'tor'}" is not installed.`, {
    hint: INSTALL,
  });
}

async function versionOf(path: string, signal: AbortSignal): Promise<string> {
  try {
    const options = { timeout: VERSION_DEADLINE_MS, maxBuffer: 65_536, signal };
    const { stdout } = await run(path, ['--version'], options);
    const version = /^Tor version (\d+\.\d+\.\d+(?:\.\d+)?)/m.exec(stdout)?.[1];
    if (version !== undefined) return version;
    throw new Error('it does not print a version of Tor');
  } catch (cause) {
    signal.throwIfAborted();
    throw new SnugError('TOR_UNUSABLE', `"${path}" is no usable Tor: ${messageOf(cause)}.`, {
      hint: `Run "${path} --version" by hand to see what is wrong. ${INSTALL}`,
      cause,
    });
  }
}

function isTooOld(version: string): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, least] of OLDEST.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

/**
 * @param binary a path, a program's name, or undefined for `tor`
 * @param signal gives up asking the program for its version
 * @param searchPath folders as in the environment's PATH; the usual folders follow
 * @returns the program and its version
 * @throws SnugError TOR_NOT_FOUND, TOR_UNUSABLE, TOR_TOO_OLD
 */
export async function findTor(
  binary: string | undefined,
  signal: AbortSignal,
  searchPath = process.env.PATH ?? '',
): Promise<FoundTor> {
  const path = await locate(binary, searchPath);
  const version = await versionOf(path, signal);
  requireNewEnough(version);
  return { path, version };
}

/**
 * @param version as Tor prints it, such as `0.4.9.11`
 * @throws SnugError TOR_TOO_OLD
 */
export function requireNewEnough(version: string): void {
  if (!isTooOld(version)) return;
  throw new SnugError(
    'TOR_TOO_OLD',
    `Tor ${version} is too old: the Tor network accepts ${OLDEST.join('.')} and newer.`,
    { hint: 'Update it: sudo apt update && sudo apt install tor (Debian 12 or newer has it).' },
  );
}
