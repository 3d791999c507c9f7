import { chmod, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SnugError } from '../support/errors.js';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
/** Tor's own folders are two deep (onion/authorized_clients). */
const DEEPEST = 4;

async function tighten(path: string, mode: number, found: number): Promise<void> {
  if ((found & 0o777) !== mode) await chmod(path, mode);
}

async function tightenInside(folder: string, depth: number): Promise<void> {
  if (depth > DEEPEST) return;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const entry = await lstat(path);
    if (entry.isFile()) await tighten(path, PRIVATE_FILE, entry.mode);
    if (!entry.isDirectory()) continue;
    await tighten(path, PRIVATE_FOLDER, entry.mode);
    await tightenInside(path, depth + 1);
  }
}

async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
  const found = await stat(folder);
  if (!found.isDirectory()) throw new Error('it is no folder');
  if (found.uid !== process.getuid?.()) throw new Error('it belongs to another user');
  await tighten(folder, PRIVATE_FOLDER, found.mode);
  await tightenInside(folder, 0);
}

/**
 * Makes folders that only our user can enter. Folders inside become 0700 and files 0600, as Tor
 * demands of an onion service's keys; a restored backup often has other modes.
 *
 * @param folders absolute paths
 * @throws SnugError TOR_BAD_FOLDER
 */
export async function preparePrivateFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await makePrivate(folder).catch((cause: unknown) => {
      const why = messageOf(cause);
      throw new SnugError('TOR_BAD_FOLDER', `"${folder}" cannot be Tor's: ${why}.`, {
        hint: 'It must be a folder that belongs to the user who runs Snug.',
        cause,
      });
    });
  }
}
