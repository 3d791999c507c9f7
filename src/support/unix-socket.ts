import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, lstat, stat } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { codeOf, messageOf, SnugError } from './errors.js';

/** sun_path of unix(7), less the NUL at its end; a longer path would be cut without a word. */
const LONGEST_PATH = 107;

/** @returns whether somebody accepts connections on the unix socket */
export async function isAnswering(path: string): Promise<boolean> {
  const probe = connect(path);
  try {
    await once(probe, 'connect');
    return true;
  } catch (error) {
    return codeOf(error) === 'EACCES';
  } finally {
    probe.destroy();
  }
}

/** What is no socket was not left by a killed relay, and is not ours to remove. */
async function refuseOtherFiles(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined || found.isSocket()) return;
  throw new SnugError('SOCKET_PATH_TAKEN', `${path} exists and is not a socket.`, {
    hint: 'Move that file away, or choose another folder for the sockets.',
  });
}

/**
 * Makes sure that a socket can be bound: removes what a killed process has left there.
 *
 * @param path of the unix socket, at most 107 bytes
 * @throws SnugError SOCKET_IN_USE when somebody answers on it, SOCKET_PATH_TAKEN or
 *   SOCKET_PATH_LONG
 */
export async function claimSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new SnugError('SOCKET_PATH_LONG', `${path} is too long for a unix socket.`, {
      hint: `Choose a folder so that the whole path has at most ${LONGEST_PATH} bytes.`,
    });
  }
  await refuseOtherFiles(path);
  if (await isAnswering(path)) {
    throw new SnugError('SOCKET_IN_USE', `Another process already answers on ${path}.`, {
      hint: 'Is Snug running already? See "snug status". Only one may run on one folder.',
    });
  }
  rmSync(path, { force: true });
}

/**
 * In a folder with the set-group-id bit, what is made belongs to the folder's group, which is there
 * to be let in: on the card that is Tor's (docs/appliance.md).
 *
 * @param path of a unix socket
 * @returns the mode for it: for this user alone, or for the group of such a folder as well
 */
export async function socketMode(path: string): Promise<number> {
  const SET_GROUP_ID = 0o2000;
  const { mode } = await stat(dirname(path));
  return (mode & SET_GROUP_ID) === 0 ? 0o600 : 0o660;
}

/**
 * Listens on a unix socket that only this user may connect to, or the group of its folder if
 * {@link socketMode} says so, unless told otherwise.
 *
 * @param path at most 107 bytes; a stale socket there is removed
 * @param mode of the socket, if the caller knows better; 0660 lets the group of its folder connect
 * @throws SnugError SOCKET_FAILED, or what {@link claimSocket} throws
 */
export async function listenOnSocket(server: Server, path: string, mode?: number): Promise<void> {
  await claimSocket(path);
  try {
    server.listen(path);
    await once(server, 'listening');
    await chmod(path, mode ?? (await socketMode(path)));
  } catch (cause) {
    throw new SnugError('SOCKET_FAILED', `Cannot listen on ${path}: ${messageOf(cause)}.`, {
      hint: 'Its folder must exist and belong to the user who runs the relay.',
      cause,
    });
  }
}
