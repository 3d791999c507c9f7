/** What {@link BrokenFeeds} needs of the epidemic and of the blocks between feeds. */
export interface BrokenFeedsHost {
  /** Has a peer told to send no more of a feed, or lifts that. */
  readonly block: (feed: string, peer: string, blocked: boolean) => void;
  /** Whether the feed's own author blocks the peer. */
  readonly isBlocked: (feed: string, peer: string) => boolean;
}

/** Feeds that a connected peer has sent broken: it need not send more of them. */
export class BrokenFeeds {
  readonly #host: BrokenFeedsHost;
  readonly #byPeer = new Map<string, Set<string>>();

  constructor(host: BrokenFeedsHost) {
    this.#host = host;
  }

  /** A message of the feed from this peer was refused. */
  note(feed: string, peer: string): void {
    const feeds = this.#byPeer.get(peer) ?? new Set();
    this.#byPeer.set(peer, feeds.add(feed));
    this.#host.block(feed, peer, true);
  }

  /** The peer has left; at its next visit its feeds may have been mended. */
  forgive(peer: string): void {
    for (const feed of this.#byPeer.get(peer) ?? []) {
      if (!this.#host.isBlocked(feed, peer)) this.#host.block(feed, peer, false);
    }
    this.#byPeer.delete(peer);
  }
}
