import { chmodSync } from 'node:fs';
import { claimSocket } from '../support/unix-socket.js';

/** Where the relay listens. */
export interface RelaySockets {
  /** Unix socket behind the onion service's SSB port; made 0600. */
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
export function setSocketModes({ listen, clearnet }: RelaySockets): void {
  chmodSync(listen, 0o600);
  if (clearnet !== undefined) chmodSync(clearnet.listen, clearnet.mode);
}
