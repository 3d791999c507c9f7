import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import type { Config } from './config.js';

const PRIVATE = 0o700;
const PERMISSIONS = 0o777;

function unusable(path: string, why: string, hint: string, cause?: unknown): SnugError {
  return new SnugError('FOLDER_UNUSABLE', `The folder ${path} cannot be used: ${why}.`, {
    hint,
    cause,
  });
}

/** Parents that are missing become private too: nobody else has business there. */
function make(path: string, key: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: PRIVATE });
  } catch (cause) {
    // Something stands there already; open() tells what.
    if (codeOf(cause) === 'EEXIST') return;
    const hint = `Create it for the user that runs Snug, or name another in ${key}.`;
    throw unusable(path, `it cannot be created (${messageOf(cause)})`, hint, cause);
  }
}

/** Opened without following a link, so that owner and mode are those of this very folder. */
function open(path: string, key: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (cause) {
    const taken = ['ENOTDIR', 'ELOOP'].includes(codeOf(cause) ?? '');
    const why = taken ? 'a file or a symbolic link stands there' : messageOf(cause);
    const hint = taken
      ? `Move it away, or name the real folder in ${key}.`
      : `Give it to the user that runs Snug, or name another in ${key}.`;
    throw unusable(path, why, hint, cause);
  }
}

function tighten(fd: number, path: string, key: string): void {
  const { uid, mode } = fstatSync(fd);
  const own = process.geteuid?.() ?? uid;
  if (uid !== own) {
    const hint = `Run Snug as that user, or "chown ${own} ${path}", or name another in ${key}.`;
    throw unusable(path, `it belongs to user ${uid}, and Snug runs as user ${own}`, hint);
  }
  if ((mode & PERMISSIONS) !== PRIVATE) fchmodSync(fd, PRIVATE);
}

/** @param key the setting that names the folder, for the hint */
function prepare(path: string, key: string): void {
  make(path, key);
  const fd = open(path, key);
  try {
    tighten(fd, path, key);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes the folders for state and sockets, private to the user that runs Snug: created with mode
 * 0700, or tightened to it. What lies in them is left alone.
 *
 * @param config only its paths are used
 * @throws SnugError FOLDER_UNUSABLE naming the folder, when it cannot be made, belongs to another
 *   user, or is a file or a symbolic link
 */
export function prepareFolders(config: Pick<Config, 'paths'>): void {
  prepare(config.paths.state, 'paths.state');
  prepare(config.paths.run, 'paths.run');
}
