import createEpidemic, {
  type Epidemic,
  type EpidemicStream,
  type PeerState,
  type Replicating,
} from 'epidemic-broadcast-trees';
import type { SignedValue } from 'ssb-server';
import { asFeedId } from '../../support/feed-id.js';
import { KeptClocks } from './clocks.js';
import type { Verdict } from './intake.js';
import { NO } from './notes.js';
import { Outbox, type OutboxHost } from './outbox.js';
import { asPacket } from './packets.js';
import { Said } from './said.js';
import { Turns, type TurnsHost } from './turns.js';

/** What {@link BoundedEpidemic} needs. */
export interface EpidemicHost extends OutboxHost, TurnsHost {
  /** The relay's own feed. */
  readonly id: string;
  /** Resolves once the state's clock is set. */
  readonly ready: Promise<void>;
  readonly take: (message: SignedValue, sender: string, judged: (verdict: Verdict) => void) => void;
  /** The message is refused: the feed ends between us and this peer. */
  readonly onRefused: (feed: string, peer: string) => void;
  /** A peer's message is not the one that comes next: those between are missing. */
  readonly onEarly: (feed: string, peer: string) => void;
  /** A peer speaks of the relay's own feed. */
  readonly onClaim?: (peer: string) => void;
}

/** The package's own timer is not used ({@link Turns}); this is the longest that there is. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * epidemic-broadcast-trees with bounds. On its own it reads all that a peer asks for into memory
 * whether the peer takes it or not ("TODO: respond to back pressure", index.js), and counts a
 * message that the database did not take as taken.
 */
export class BoundedEpidemic {
  readonly core: Epidemic;
  readonly #host: EpidemicHost;
  readonly #said = new WeakMap<PeerState, Said>();
  readonly #clocks = new KeptClocks();
  readonly #turns: Turns;
  readonly #outbox: Outbox;
  #again = false;

  constructor(host: EpidemicHost) {
    this.#host = host;
    this.core = createEpidemic({
      id: host.id,
      getClock: (peer, cb) => void host.ready.then(() => cb(null, this.#clocks.of(peer))),
      setClock: (peer, clock) =>
        this.#clocks.keep(peer, clock ?? {}, (feed) => this.#carries(feed) && host.serves(feed)),
      getAt: () => undefined,
      append: () => undefined,
      isFeed: (id) => asFeedId(id) !== undefined,
      timeout: NEVER_MS,
    });
    this.core.update = () => this.#update();
    this.#turns = new Turns(this.core, host);
    this.#outbox = new Outbox(this.core, host);
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
    const said = new Said(version);
    const state = this.core.state.peers[peer];
    if (state !== undefined) this.#said.set(state, said);
    const write = stream.write.bind(stream);
    // What is checked here needs no second look.
    stream._validate = (clock) => clock;
    stream.write = (sent) => {
      const packet = asPacket(sent);
      if (packet === undefined) return;
      if ('notes' in packet) write(this.#hear(peer, said, packet.notes));
      else if (!this.#turns.again(peer, packet.message)) write(packet.message);
    };
    return stream;
  }

  /** A message is in the log. */
  onAppend(message: SignedValue): void {
    this.#turns.appended(message);
    this.core.onAppend(message);
  }

  /** Every few seconds: has feeds that do not go on fetched elsewhere. */
  look(): void {
    this.#turns.look();
    this.#update();
  }

  /** @returns how much of a feed a connected peer has by its own word; undefined if it said nothing */
  claimOf(feed: string, peer: string): number | undefined {
    const claim = this.core.state.peers[peer]?.clock?.[feed];
    return claim === undefined ? undefined : Math.max(0, claim);
  }

  #carries(feed: string): boolean {
    return this.core.state.follows[feed] === true || feed === this.#host.id;
  }

  /** @returns the notes that are for the package, which keeps far more on a feed than {@link Said} */
  #hear(
    peer: string,
    said: Said,
    notes: readonly [feed: string, note: number][],
  ): Record<string, number> {
    const state = this.core.state.peers[peer];
    const left: [string, number][] = [];
    for (const [feed, note] of notes) {
      const carried = this.#carries(feed);
      const isNew = said.hear(feed, note, carried);
      if (!carried) this.#decline(state, feed, isNew && note !== NO);
      else if (!this.#turns.claim(peer, feed, said.sequence(feed) ?? NO, said.asks(feed))) {
        left.push([feed, note]);
      }
      // Its clock is up to date a moment later.
      if (feed === this.#host.id) setImmediate(() => this.#host.onClaim?.(peer));
    }
    return Object.fromEntries(left);
  }

  /** A feed that is not carried; "no" is answered with nothing, or two who forget go on for ever. */
  #decline(peer: PeerState | undefined, feed: string, answer: boolean): void {
    if (peer === undefined) return;
    delete peer.clock?.[feed];
    delete peer.replicating?.[feed];
    if (!answer) return;
    peer.notes ??= {};
    peer.notes[feed] = NO;
  }

  /** Carries a feed, or no longer. */
  request(feed: string, wanted: boolean): void {
    const begins = wanted && this.core.state.follows[feed] !== true;
    const peers = Object.entries(this.core.state.peers);
    const before = peers.map(([, peer]) => peer.replicating?.[feed]);
    if (begins) for (const [, peer] of peers) this.#recall(peer, feed);
    this.core.request(feed, wanted);
    if (!begins) return;
    peers.forEach(([id, peer], i) => {
      if (!this.core.state.blocks[feed]?.[id]) this.#introduce(peer, feed, before[i]);
    });
    this.#updateSoon();
  }

  /** Tells the package what a peer has said of a feed before it was carried. */
  #recall(peer: PeerState, feed: string): void {
    const sequence = this.#said.get(peer)?.sequence(feed);
    if (sequence === undefined || !peer.clock || !peer.replicating) return;
    peer.clock[feed] ??= sequence;
    peer.replicating[feed] ??= { tx: false, rx: false, sent: -1, requested: -1 };
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
    if (theirs === known) this.#turns.set(peer, feed, false);
    const replicating = peer.replicating?.[feed];
    const asks = before?.tx || this.#said.get(peer)?.asks(feed) === true;
    if (replicating === undefined || typeof theirs !== 'number' || !asks) return;
    replicating.tx = true;
    replicating.sent = theirs;
    if (known > theirs && !peer.retrive.includes(feed)) peer.retrive.push(feed);
  }

  /** Tells peers not to send the feed for now; it is still sent to them. */
  pause(feed: string): void {
    for (const peer of Object.values(this.core.state.peers)) {
      if (peer.replicating?.[feed]?.rx) this.#turns.set(peer, feed, false);
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
    this.#turns.set(ahead, feed, true);
    this.#updateSoon();
  }

  /** Forgets what was to be sent of a feed. */
  forget(feed: string): void {
    this.#outbox.forget(feed);
  }

  /** Replaces the package's own: the same work, within bounds. */
  #update(): void {
    for (const [id, peer] of Object.entries(this.core.state.peers)) {
      this.#outbox.fill(peer);
      this.#turns.favour(id, peer);
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

  #takeIn(): void {
    const { receive } = this.core.state;
    for (const { value, id } of receive.splice(0)) {
      this.#host.take(value, id, (verdict) => this.#judged(verdict, value.author, id));
    }
  }

  #judged(verdict: Verdict, feed: string, peer: string): void {
    if (verdict === 'taken') this.#turns.taken(peer);
    if (verdict === 'early' && this.#turns.mayAsk(feed, peer)) this.#host.onEarly(feed, peer);
    if (verdict === 'paused') this.pause(feed);
    if (verdict === 'refused') this.#host.onRefused(feed, peer);
  }
}
