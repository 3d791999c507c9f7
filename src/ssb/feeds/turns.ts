import type { Epidemic, PeerState } from 'epidemic-broadcast-trees';
import type { SignedValue } from 'ssb-server';
import { asksFor, NO, noteOf } from './notes.js';

/** What {@link Turns} needs. */
export interface TurnsHost {
  /** Whether there is no room for the feed: nobody is asked for it. */
  readonly isPaused: (feed: string) => boolean;
  /** A connected peer claims more of a feed than we have, is asked for it, and sends nothing. */
  readonly onSilent: (feed: string, peer: string) => void;
}

/** Claims looked into at a time, which takes some tens of milliseconds on a small board. */
const AT_A_LOOK = 10_000;

/** Looks without progress after which others are asked too: one, or more while a peer is at others. */
const PATIENCE = 1;
const PATIENCE_WITH_BUSY = 12;

/** A feed of which somebody claims more than we have. */
interface Behind {
  /** How far it was at its last look. */
  known: number | undefined;
  /** Looks since it last went on. */
  stuck: number;
  /** Who claims that. */
  readonly peers: Set<string>;
  /** Number of its last look. */
  look: number;
}

/**
 * Who is asked for which feed. The package asks one peer at a time for a feed, takes whoever
 * claims most, and lets any packet of a peer count as progress (events.js, `notes` and `timeout`):
 * one peer that lies and sends junk would keep a feed from everybody. Here only messages that get
 * into the log count. An author is always asked for its own feed, no peer takes the turn of
 * another, and where a feed does not go on, all who claim to have more are asked: later if one of
 * them brings other feeds, for it may have many to send. Whoever sends what is known already is
 * asked no longer, which the package sees to (`receive`).
 */
export class Turns {
  readonly #core: Epidemic;
  readonly #host: TurnsHost;
  /** By feed; those that were looked at longest ago come first. */
  readonly #behind = new Map<string, Behind>();
  #looks = 0;
  /** Peers that have sent a message that was taken since the last look. */
  readonly #busy = new Set<string>();

  constructor(core: Epidemic, host: TurnsHost) {
    this.#core = core;
    this.#host = host;
  }

  /** A message from this peer was taken. */
  taken(peer: string): void {
    this.#busy.add(peer);
  }

  /** Asks a peer for a feed, or no longer. */
  set(peer: PeerState, feed: string, receive: boolean): void {
    const replicating = peer.replicating?.[feed];
    if (replicating === undefined) return;
    const known = this.#known(feed);
    replicating.rx = receive;
    replicating.requested = known;
    peer.notes ??= {};
    peer.notes[feed] = noteOf(known, receive);
  }

  /**
   * A peer says how much it has of a feed that we carry.
   *
   * @param sequence by its note
   * @param asks whether it wants to have the feed
   * @returns whether the note is dealt with: the package would take the turn from another peer
   */
  claim(id: string, feed: string, sequence: number, asks: boolean): boolean {
    const peer = this.#core.state.peers[id];
    if (!peer?.clock || sequence === NO) return false;
    const claim = Math.max(peer.clock[feed] ?? 0, sequence);
    if (claim <= this.#known(feed) || this.#isBlocked(feed, id)) return false;
    const free = feed === id || !this.#isAsked(feed);
    this.#remember(feed, id);
    const replicating = peer.replicating?.[feed];
    if (replicating === undefined || replicating.rx) return false;
    peer.clock[feed] = claim;
    replicating.tx = asks;
    replicating.sent = claim;
    if (free && !this.#host.isPaused(feed)) this.set(peer, feed, true);
    return true;
  }

  /**
   * An author sends a message of its own that is known already: it is asked on, for nobody has more
   * of its feed. To ask anew for each such message would have it send all that is on its way again.
   *
   * @returns whether the message is dealt with
   */
  again(id: string, { author, sequence }: SignedValue): boolean {
    const peer = this.#core.state.peers[id];
    const replicating = peer?.replicating?.[author];
    if (author !== id || !peer?.clock || replicating === undefined) return false;
    if (sequence > this.#known(author)) return false;
    peer.clock[author] = Math.max(peer.clock[author] ?? 0, sequence);
    replicating.sent = Math.max(replicating.sent ?? 0, sequence);
    return true;
  }

  /** A message is in the log; whoever brought it, its author has it. */
  appended({ author, sequence }: SignedValue): void {
    const clock = this.#core.state.peers[author]?.clock;
    if (clock?.[author] !== undefined) clock[author] = Math.max(clock[author], sequence);
  }

  /** Before notes leave: the note to an author on its own feed asks for it. */
  favour(id: string, peer: PeerState): void {
    const note = peer.notes?.[id];
    if (note === undefined || note === NO || asksFor(note, 3)) return;
    if (this.mayAsk(id, id)) this.set(peer, id, true);
  }

  /** @returns whether the feed is carried, has room, and goes between us and this peer */
  mayAsk(feed: string, peer: string): boolean {
    return !this.#isBlocked(feed, peer) && !this.#host.isPaused(feed);
  }

  /** Every few seconds: asks others where a feed does not go on. */
  look(): void {
    this.#looks += 1;
    let left = AT_A_LOOK;
    for (const [feed, behind] of this.#behind) {
      if (left <= 0 || behind.look === this.#looks) break;
      left -= behind.peers.size + 1;
      this.#lookAt(feed, behind);
      this.#behind.delete(feed);
      if (behind.peers.size > 0) this.#behind.set(feed, behind);
    }
    this.#busy.clear();
  }

  #lookAt(feed: string, behind: Behind): void {
    const known = this.#known(feed);
    behind.stuck = behind.known === known ? behind.stuck + 1 : 0;
    behind.known = known;
    const busy = [...behind.peers].some((id) => this.#busy.has(id) && this.#asks(id, feed));
    const patience = busy ? PATIENCE_WITH_BUSY : PATIENCE;
    const sticks = behind.stuck >= patience && !this.#host.isPaused(feed);
    behind.look = this.#looks;
    for (const id of behind.peers) {
      const peer = this.#core.state.peers[id];
      const claims = (peer?.clock?.[feed] ?? 0) > known && !this.#isBlocked(feed, id);
      if (peer === undefined || !claims) behind.peers.delete(id);
      else if (sticks) this.#hurry(id, peer, feed);
    }
  }

  #hurry(id: string, peer: PeerState, feed: string): void {
    if (!this.#asks(id, feed)) this.set(peer, feed, true);
    else if (!this.#busy.has(id)) this.#host.onSilent(feed, id);
  }

  #known(feed: string): number {
    return this.#core.state.clock[feed] ?? 0;
  }

  /** Not carried, or not between us and this peer. */
  #isBlocked(feed: string, peer: string): boolean {
    const { follows, blocks } = this.#core.state;
    return follows[feed] !== true || blocks[feed]?.[peer] === true;
  }

  #remember(feed: string, id: string): void {
    const behind = this.#behind.get(feed);
    if (behind !== undefined) behind.peers.add(id);
    else
      this.#behind.set(feed, {
        known: undefined,
        stuck: 0,
        peers: new Set([id]),
        look: this.#looks,
      });
  }

  #asks(id: string, feed: string): boolean {
    return this.#core.state.peers[id]?.replicating?.[feed]?.rx === true;
  }

  /** Whether somebody who claims to have more is asked already. */
  #isAsked(feed: string): boolean {
    const known = this.#known(feed);
    const { peers } = this.#core.state;
    return [...(this.#behind.get(feed)?.peers ?? [])].some(
      (id) => this.#asks(id, feed) && (peers[id]?.clock?.[feed] ?? 0) > known,
    );
  }
}
