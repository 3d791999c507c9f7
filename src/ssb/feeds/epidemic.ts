import createEpidemic, {
  type Epidemic,
  type EpidemicStream,
  type PeerState,
  type Replicating,
} from 'epidemic-broadcast-trees';
import type { SignedValue } from 'ssb-server';
import { asFeedId } from '../../support/feed-id.js';
import type { Verdict } from './intake.js';
import { asksFor, isNote, noteOf } from './notes.js';
import { asSigned } from './rules.js';

/** What {@link BoundedEpidemic} needs. */
export interface EpidemicHost {
  /** The relay's own feed. */
  readonly id: string;
  /** Resolves once the state's clock is set. */
  readonly ready: Promise<void>;
  /** The message of a feed at a sequence, from the disk. */
  readonly read: (
    feed: string,
    sequence: number,
    cb: (message: SignedValue | null) => void,
  ) => void;
  readonly take: (message: SignedValue, sender: string, judged: (verdict: Verdict) => void) => void;
  /** Whether the feed may be served to anybody. */
  readonly serves: (feed: string) => boolean;
  /** The message is refused: the feed ends between us and this peer. */
  readonly onRefused: (feed: string, peer: string) => void;
  /** A peer speaks of the relay's own feed. */
  readonly onClaim?: (peer: string) => void;
}

/** Messages in memory for one peer, at most; beyond, they are read from the disk when it is time. */
const MOST_WAITING = 64;
/** Feeds that one peer may speak of while it is connected: ids cost nothing to invent. */
const MOST_FEEDS = 100_000;
/** Clocks of peers that left, kept for their next visit. */
const MOST_CLOCKS = 1000;

/**
 * epidemic-broadcast-trees with bounds. On its own it reads all that a peer asks for into memory
 * whether the peer takes it or not ("TODO: respond to back pressure", index.js), and counts a
 * message that the database did not take as taken.
 */
export class BoundedEpidemic {
  readonly core: Epidemic;
  readonly #host: EpidemicHost;
  readonly #reading = new WeakMap<PeerState, number>();
  /** What each peer's newest note on a feed says: whether it wants to have the feed. */
  readonly #asked = new WeakMap<PeerState, ReadonlyMap<string, boolean>>();
  readonly #clocks = new Map<string, Record<string, number>>();
  #again = false;

  constructor(host: EpidemicHost) {
    this.#host = host;
    this.core = createEpidemic({
      id: host.id,
      getClock: (peer, cb) => void host.ready.then(() => cb(null, { ...this.#clocks.get(peer) })),
      setClock: (peer, clock) => this.#keepClock(peer, clock),
      getAt: () => undefined,
      append: () => undefined,
      isFeed: (id) => asFeedId(id) !== undefined,
    });
    this.core.update = () => this.#update();
  }

  /** @returns the stream for a peer, as a push-stream */
  open(peer: string, version: number, client: boolean): EpidemicStream {
    const stream = this.core.createStream(peer, version, client);
    const resume = stream.resume.bind(stream);
    stream.resume = () => {
      resume();
      const state = this.core.state.peers[peer];
      if (state !== undefined && state.retrive.length > 0) this.#updateSoon();
    };
    const state = this.core.state.peers[peer];
    const asked = new Map<string, boolean>();
    if (state !== undefined) this.#asked.set(state, asked);
    stream._validate = (clock) => {
      const sound = Object.entries(clock).filter(isNote);
      for (const [id, note] of sound) asked.set(id, asksFor(note, version));
      // Thrown where the packet was read, which ends this connection.
      if (asked.size > MOST_FEEDS) throw new Error('the peer speaks of too many feeds');
      // Its clock is up to date a moment later.
      if (Object.hasOwn(clock, this.#host.id)) setImmediate(() => this.#host.onClaim?.(peer));
      return Object.fromEntries(sound);
    };
    return stream;
  }

  /** @returns how much of a feed a connected peer has by its own word; undefined if it said nothing */
  claimOf(feed: string, peer: string): number | undefined {
    const claim = this.core.state.peers[peer]?.clock?.[feed];
    return claim === undefined ? undefined : Math.max(0, claim);
  }

  /** Carries a feed, or no longer. */
  request(feed: string, wanted: boolean): void {
    const begins = wanted && this.core.state.follows[feed] !== true;
    const peers = Object.entries(this.core.state.peers);
    const before = peers.map(([, peer]) => peer.replicating?.[feed]);
    this.core.request(feed, wanted);
    if (!begins) return;
    peers.forEach(([id, peer], i) => {
      if (!this.core.state.blocks[feed]?.[id]) this.#introduce(peer, feed, before[i]);
    });
    this.#updateSoon();
  }

  /**
   * Takes up with a peer a feed that begins to be carried. It was refused so far, and a peer does
   * not say again what it said then: that it asks for the feed, which the package forgets
   * (events.js, notes and follow), or that it has some of it, to which the package answers nothing
   * when we have as much (follow), which for the feed of a new member is nothing.
   *
   * @param before how the feed went when it was last carried, if it was
   */
  #introduce(peer: PeerState, feed: string, before: Replicating | undefined): void {
    const known = this.core.state.clock[feed] ?? 0;
    const theirs = before?.tx ? before.sent : peer.clock?.[feed];
    if (theirs === known) this.#note(peer, feed, false);
    const replicating = peer.replicating?.[feed];
    const asks = before?.tx || this.#asked.get(peer)?.get(feed) === true;
    if (replicating === undefined || typeof theirs !== 'number' || !asks) return;
    replicating.tx = true;
    replicating.sent = theirs;
    if (known > theirs && !peer.retrive.includes(feed)) peer.retrive.push(feed);
  }

  /** Tells peers not to send the feed for now; it is still sent to them. */
  pause(feed: string): void {
    for (const peer of Object.values(this.core.state.peers)) {
      if (peer.replicating?.[feed]?.rx) this.#note(peer, feed, false);
    }
    this.#updateSoon();
  }

  /** Asks for a paused feed again, one peer that has more of it. */
  resume(feed: string): void {
    const known = this.core.state.clock[feed] ?? 0;
    const peers = Object.values(this.core.state.peers);
    const ahead = peers.find(
      (peer) => peer.replicating?.[feed] && (peer.clock?.[feed] ?? 0) > known,
    );
    if (ahead === undefined) return;
    this.#note(ahead, feed, true);
    this.#updateSoon();
  }

  /** Forgets what was to be sent of a feed. */
  forget(feed: string): void {
    for (const peer of Object.values(this.core.state.peers)) {
      const unsent = peer.msgs.find(({ author }) => author === feed);
      const replicating = peer.replicating?.[feed];
      if (unsent && replicating) replicating.sent = unsent.sequence - 1;
      peer.msgs = peer.msgs.filter(({ author }) => author !== feed);
      peer.retrive = peer.retrive.filter((id) => id !== feed);
    }
  }

  #note(peer: PeerState, feed: string, receive: boolean): void {
    const replicating = peer.replicating?.[feed];
    if (replicating === undefined) return;
    const known = this.core.state.clock[feed] ?? 0;
    replicating.rx = receive;
    replicating.requested = known;
    peer.notes = { ...peer.notes, [feed]: noteOf(known, receive) };
  }

  #keepClock(peer: string, clock: Record<string, number> | null): void {
    this.#clocks.delete(peer);
    // What a peer refused, or had nothing of, it is asked again on its next visit.
    const shared = Object.entries(clock ?? {}).filter(
      ([feed, sequence]) => sequence > 0 && this.#host.serves(feed),
    );
    this.#clocks.set(peer, Object.fromEntries(shared));
    if (this.#clocks.size <= MOST_CLOCKS) return;
    const [oldest] = this.#clocks.keys();
    if (oldest !== undefined) this.#clocks.delete(oldest);
  }

  /** Replaces the package's own: the same work, within bounds. */
  #update(): void {
    for (const peer of Object.values(this.core.state.peers)) {
      this.#putBack(peer);
      this.#fetch(peer);
    }
    this.#takeIn();
    for (const stream of Object.values(this.core.streams)) stream.resume();
  }

  #updateSoon(): void {
    if (this.#again) return;
    this.#again = true;
    setImmediate(() => {
      this.#again = false;
      this.#update();
    });
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
        this.core._retrive(null, message);
      });
    }
  }

  #takeIn(): void {
    const { receive } = this.core.state;
    while (receive.length > 0) {
      const event = receive.shift();
      const message = asSigned(event?.value);
      if (event === undefined || message === undefined) continue;
      this.#host.take(message, event.id, (verdict) => {
        if (verdict === 'paused') this.pause(message.author);
        if (verdict === 'refused') this.#host.onRefused(message.author, event.id);
      });
    }
  }
}
