import type { SsbServer } from 'ssb-server';
import type { RelayStatus } from './relay-options.js';
import type { ArrivalMeta } from './ssb-tor/index.js';

/** Who is connected, and how many have come. */
export class Connections {
  readonly #server: SsbServer;
  #arrivals = 0;

  constructor(server: SsbServer) {
    this.#server = server;
    server.on('rpc:connect', (peer) => {
      // Whom the relay has dialled, and whom a proxy has brought, say nothing of the onion service.
      const { circuit } = (peer.meta ?? {}) as Partial<ArrivalMeta>;
      if (circuit !== undefined) this.#arrivals += 1;
    });
  }

  /** @returns for the relay's status */
  status(): Pick<RelayStatus, 'connected' | 'arrivals'> {
    const connected = Object.values(this.#server.peers).filter((peers) => peers.length > 0);
    return { connected: connected.length, arrivals: this.#arrivals };
  }

  /** Ends every connection of a feed. */
  hangUp(feed: string): void {
    for (const peer of [...(this.#server.peers[feed] ?? [])]) peer.close(true);
  }

  /** Ends every connection. */
  hangUpOnAll(): void {
    for (const feed of Object.keys(this.#server.peers)) this.hangUp(feed);
  }
}
