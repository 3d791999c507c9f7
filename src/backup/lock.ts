import { createServer } from 'node:net';
import { join } from 'node:path';
import { SnugError } from '../support/errors.js';
import { isAnswering, listenOnSocket } from '../support/unix-socket.js';

/** A socket that answers while a restore lives: what a killed one leaves is in nobody's way. */
const LOCK = '.restoring.sock';

/**
 * @param state the state folder
 * @throws SnugError RESTORE_RUNNING while a restore into it is under way
 */
export async function refuseDuringRestore(state: string): Promise<void> {
  if (!(await isAnswering(join(state, LOCK)))) return;
  throw new SnugError('RESTORE_RUNNING', `A restore into ${state} is under way.`, {
    hint: 'Wait until "snug restore" has ended, then try again.',
  });
}

/**
 * Keeps relays and other restores off a state folder.
 *
 * @param state that exists
 * @returns ends that
 * @throws SnugError RESTORE_RUNNING, or what {@link listenOnSocket} throws
 */
export async function lockForRestore(state: string): Promise<() => Promise<void>> {
  await refuseDuringRestore(state);
  const server = createServer((socket) => socket.destroy());
  await listenOnSocket(server, join(state, LOCK), 0o600);
  return () => new Promise((resolve) => server.close(() => resolve()));
}
