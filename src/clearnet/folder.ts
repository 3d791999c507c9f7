import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { listenOnSocket } from '../support/unix-socket.js';
import type { ClearnetSockets } from './plan.js';

/** All but: whose group may enter and not write; and the bit that gives sockets the folder's group. */
const TOO_MUCH = 0o5027;
const GROUP_MAY_ENTER = 0o010;

/**
 * Prepares the one folder that another user, the proxy, may enter. Whoever made it before, systemd
 * on a real machine (tmpfiles.d), decides which group that is; without that, it is ours alone.
 *
 * @param path absolute
 * @returns the mode of the sockets in it: 0660 if its group may enter, else 0600
 * @throws SnugError CLEARNET_FOLDER when it cannot be made, belongs to another user, or is a link
 */
export async function prepareClearnetFolder(path: string): Promise<{ socketMode: number }> {
  try {
    await make(path);
    return { socketMode: await tighten(path) };
  } catch (cause) {
    const why = messageOf(cause);
    throw new SnugError('CLEARNET_FOLDER', `The folder ${path} cannot be the proxy's: ${why}.`, {
      hint: 'Let "snug clearnet render /" and "systemd-tmpfiles --create" make it, or name another in clearnet.run.',
      cause,
    });
  }
}

/**
 * Tries whether the relay can listen for the proxy, and leaves no socket there: where it listens in
 * earnest it is too late to go without.
 *
 * @param sockets of the profile
 * @param mode they get
 * @throws SnugError SOCKET_IN_USE, SOCKET_PATH_TAKEN, SOCKET_PATH_LONG or SOCKET_FAILED
 */
export async function tryClearnetSockets(
  { site, ssb }: ClearnetSockets,
  mode: number,
): Promise<void> {
  for (const path of ssb === undefined ? [site] : [site, ssb]) {
    const server = createServer((socket) => socket.destroy());
    try {
      await listenOnSocket(server, path, mode);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

/** Its parent must be there already: that one is systemd's, or the session's. */
async function make(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Opened without following a link, so that owner and mode are those of this very folder. */
async function tighten(path: string): Promise<number> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const folder = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const { uid, mode } = await folder.stat();
    if (uid !== process.geteuid?.()) throw new Error(`it belongs to user ${uid}`);
    if ((mode & TOO_MUCH) !== 0) await folder.chmod(mode & 0o7777 & ~TOO_MUCH);
    return (mode & GROUP_MAY_ENTER) === 0 ? 0o600 : 0o660;
  } finally {
    await folder.close();
  }
}
