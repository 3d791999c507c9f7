import { join } from 'node:path';
import { writeDurably } from '../support/durable-file.js';
import { type ClientKeys, ensureClientKeys, serviceLine } from './client-auth.js';
import { preparePrivateFolders } from './folders.js';

/** Where ssh's onion service lies below the folder of Tor's things. */
export function sshPaths(folder: string) {
  const service = join(folder, 'ssh');
  const clients = join(service, 'authorized_clients');
  return {
    service,
    clients,
    authorized: join(clients, 'operator.auth'),
    /** Beside the service's folder: Tor need not know the client's half. */
    keys: join(folder, 'ssh-client'),
  };
}

/**
 * Makes the onion service for ssh one that only the operator can find: Tor serves it to whoever has
 * a key listed there (tor(1), CLIENT AUTHORIZATION), and nobody else even learns whether it is up.
 *
 * @param folder of Tor's things, ours and 0700
 * @returns the operator's keys, made at the first call
 * @throws SnugError SSH_BAD_KEY, TOR_BAD_FOLDER
 */
export async function prepareSsh(folder: string): Promise<ClientKeys> {
  const { service, clients, authorized, keys } = sshPaths(folder);
  await preparePrivateFolders([service, clients]);
  const pair = await ensureClientKeys(keys);
  writeDurably(authorized, serviceLine(pair));
  return pair;
}
