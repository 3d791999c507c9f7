import type { Epidemic, PeerState } from 'epidemic-broadcast-trees';
import type { SignedValue } from 'ssb-server';

/** Messages in memory for one peer, at most; beyond, they are read from the disk when it is time. */
const MOST_WAITING = 64;

/** What {@link Outbox} needs. */
export interface OutboxHost {
  /** The message of a feed at a sequence, from the disk. */
  readonly read: (
    feed: string,
    sequence: number,
    cb: (message: SignedValue | null) => void,
  ) => void;
  /** Whether the feed may be served to anybody. */
  readonly serves: (feed: string) => boolean;
}

/** Messages that wait for a peer: few are in memory, whether the peer reads or not. */
export class Outbox {
  readonly #core: Epidemic;
  readonly #host: OutboxHost;
  readonly #reading = new WeakMap<PeerState, number>();

  constructor(core: Epidemic, host: OutboxHost) {
    this.#core = core;
    this.#host = host;
  }

  /** Reads what a peer can be sent next, and leaves the rest for later. */
  fill(peer: PeerState): void {
    this.#putBack(peer);
    this.#fetch(peer);
  }

  /** Forgets what was to be sent of a feed. */
  forget(feed: string): void {
    for (const peer of Object.values(this.#core.state.peers)) {
      const unsent = peer.msgs.find(({ author }) => author === feed);
      const replicating = peer.replicating?.[feed];
      if (unsent && replicating) replicating.sent = unsent.sequence - 1;
      peer.msgs = peer.msgs.filter(({ author }) => author !== feed);
      peer.retrive = peer.retrive.filter((id) => id !== feed);
    }
  }

  /** New messages are given to every peer at once; a slow one gets them from the disk later. */
  #putBack(peer: PeerState): void {
    while (peer.msgs.length > MOST_WAITING * 2) {
      const message = peer.msgs.pop();
      const replicating = message && peer.replicating?.[message.author];
      if (message === undefined || replicating === undefined) continue;
      replicating.sent = Math.min(replicating.sent ?? 0, message.sequence - 1);
      if (!peer.retrive.includes(message.author)) peer.retrive.push(message.author);
    }
  }

  #fetch(peer: PeerState): void {
    const { read, serves } = this.#host;
    for (;;) {
      const reading = this.#reading.get(peer) ?? 0;
      if (peer.msgs.length + reading >= MOST_WAITING) return;
      const feed = peer.retrive.shift();
      if (feed === undefined) return;
      const replicating = peer.replicating?.[feed];
      if (replicating === undefined || !serves(feed)) continue;
      this.#reading.set(peer, reading + 1);
      read(feed, (replicating.sent ?? 0) + 1, (message) => {
        this.#reading.set(peer, (this.#reading.get(peer) ?? 1) - 1);
        if (message === null || !serves(feed)) return;
        this.#core._retrive(null, message);
      });
    }
  }
}
