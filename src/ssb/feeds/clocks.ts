/** Feeds in all clocks together. */
const MOST_ENTRIES = 200_000;

/** Clocks of peers that left, kept for their next visit; the oldest go first. */
export class KeptClocks {
  readonly #clocks = new Map<string, ReadonlyMap<string, number>>();
  readonly #most: number;
  #entries = 0;

  /** @param most feeds in all clocks together; a peer whose clock is gone gets a longer greeting */
  constructor(most = MOST_ENTRIES) {
    this.#most = most;
  }

  /** @returns the clock of a peer, empty if none is kept */
  of(peer: string): Record<string, number> {
    return Object.fromEntries(this.#clocks.get(peer) ?? []);
  }

  /**
   * @param clock how much of each feed the peer has
   * @param carried whether we carry a feed; a peer may speak of any
   */
  keep(
    peer: string,
    clock: Readonly<Record<string, number>>,
    carried: (feed: string) => boolean,
  ): void {
    this.#drop(peer);
    // What a peer refused, or had nothing of, it is asked again on its next visit.
    const shared = Object.entries(clock).filter(([feed, has]) => has > 0 && carried(feed));
    this.#clocks.set(peer, new Map(shared));
    // An empty one costs something too.
    this.#entries += shared.length + 1;
    for (const oldest of this.#clocks.keys()) {
      if (this.#entries <= this.#most) return;
      this.#drop(oldest);
    }
  }

  #drop(peer: string): void {
    const clock = this.#clocks.get(peer);
    if (clock === undefined) return;
    this.#clocks.delete(peer);
    this.#entries -= clock.size + 1;
  }
}
