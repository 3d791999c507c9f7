import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { SnugError } from '../support/errors.js';

/** Debian keeps tor here, and leaves these folders out of an ordinary user's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin'];

/** The two programs of Debian's package `tor` that a private network needs. */
export interface TorPrograms {
  readonly tor: string;
  /** Makes the keys of an authority. */
  readonly gencert: string;
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

/**
 * @param binary path or name of tor, `tor` by default
 * @param searchPath folders in the form of the environment's PATH
 * @returns absolute paths of tor and tor-gencert
 * @throws SnugError TOR_NOT_FOUND
 */
export async function findTorPrograms(
  binary = 'tor',
  searchPath = process.env.PATH ?? '',
): Promise<TorPrograms> {
  const folders = [...searchPath.split(delimiter).filter(isAbsolute), ...SYSTEM_FOLDERS];
  const places = (name: string, first: readonly string[]) =>
    [...first, ...folders].map((folder) => join(folder, name));
  const tor = await firstExecutable(isAbsolute(binary) ? [binary] : places(binary, []));
  const beside = tor === undefined ? [] : [dirname(tor)];
  const gencert = await firstExecutable(places('tor-gencert', beside));
  if (tor !== undefined && gencert !== undefined) return { tor, gencert };
  const missing = tor === undefined ? binary : 'tor-gencert';
  throw new SnugError('TOR_NOT_FOUND', `The program "${missing}" is not on this machine.`, {
    hint: 'Install it with: apt-get install tor',
  });
}
