import { readFile, statfs } from 'node:fs/promises';
import { SnugError } from '../support/errors.js';
import { type Bundle, openBundle } from './bundle.js';
import { readKeys } from './keys.js';
import type { Places } from './places.js';
import { checkPolicy } from './policy.js';
import { readRelease } from './release.js';
import type { Versions } from './versions.js';

/** What stays free for the relay and the system while two versions lie on the card. */
export const RESERVE_BYTES = 64 * 1024 * 1024;
/** Each file takes whole blocks. */
const BLOCK = 4096;

/** How the machine is asked; tests put their own in its place. */
export interface Ground {
  readonly places: Places;
  /** As Node's process.arch. */
  readonly arch: string;
  /** @returns bytes that may be written to the file system of a folder */
  free(folder: string): Promise<number>;
}

/** @returns bytes that an ordinary user may still write to the file system of a folder */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** @returns what is thrown when the card is full */
export function noRoom(): SnugError {
  return new SnugError('NO_ROOM', 'There is not enough room on the card for an update.', {
    hint: 'Make room: "df -h" shows how full it is, "snug status" what takes the room.',
  });
}

async function cardNumber(places: Places): Promise<number> {
  const number = Number((await readFile(places.card, 'utf8')).trim());
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new SnugError('RELEASE_BROKEN', `${places.card} does not hold the card's number.`, {
    hint: 'The card may be damaged: back up the state and flash it anew.',
  });
}

/**
 * Everything that can be said of a bundle before anything is changed.
 *
 * @param path of a bundle that only root can write to
 * @returns it, checked; to be closed
 * @throws SnugError when it must not be installed here
 */
export async function checkBundle(
  path: string,
  allowDowngrade: boolean,
  versions: Versions,
  ground: Ground,
): Promise<Bundle> {
  const { places, arch } = ground;
  const bundle = await openBundle(path, await readKeys(places.keys));
  try {
    const installed = await readRelease(versions.folder(await versions.current()));
    const card = await cardNumber(places);
    checkPolicy(bundle.header, { installed, card, arch, allowDowngrade });
    const { unpacked, files } = bundle.header.payload;
    const needed = unpacked + files * BLOCK + RESERVE_BYTES;
    if ((await ground.free(places.home)) < needed) throw noRoom();
    return bundle;
  } catch (error) {
    await bundle.close();
    throw error;
  }
}
