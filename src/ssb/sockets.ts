import { chmod } from 'node:fs/promises';
import { claimSocket, socketMode } from '../support/unix-socket.js';

/** Where the relay listens. */
export interface RelaySockets {
  /** Unix socket behind the onion service's SSB port; its mode is that of {@link socketMode}. */
  readonly listen: string;
  /** A unix socket for connections that do not come through Tor, which meet the same door. */
  readonly clearnet?: { readonly listen: string; readonly mode: number } | undefined;
}

/** @throws SnugError SOCKET_IN_USE and others of {@link claimSocket} */
export async function claimSockets({ listen, clearnet }: RelaySockets): Promise<void> {
  await claimSocket(listen);
  if (clearnet !== undefined) await claimSocket(clearnet.listen);
}

/** Says who may connect; call it as soon as the sockets are there. */
export async function setSocketModes({ listen, clearnet }: RelaySockets): Promise<void> {
  await chmod(listen, await socketMode(listen));
  if (clearnet !== undefined) await chmod(clearnet.listen, clearnet.mode);
}
