import type { Peer } from 'ssb-server';
import type { Clock } from '../../support/clock.js';
import type { FeedId } from '../../support/feed-id.js';
import type { Wires } from '../feeds/wires.js';
import { compareWith, type FeedPort } from './comparison.js';
import { Witnesses } from './witnesses.js';

/** What is asked of the relay about peers. */
export interface HearingPorts {
  readonly own: FeedPort;
  /** @returns members and listed relays: who counts */
  readonly everybody: () => readonly FeedId[];
  /** @returns how much of the own feed a connected peer has by its own word (EBT), if it spoke of it */
  readonly claimOf: (peer: string) => number | undefined;
}

/** Options of {@link Hearing}. */
export interface HearingOptions {
  readonly wires: Wires;
  readonly clock: Clock;
  /** Whether peers are to be asked. */
  readonly active: () => boolean;
  /** A peer has answered, or has not. */
  readonly onAnswer: (peer: string) => void;
  readonly onLeft: (peer: string) => void;
}

/** Asks whoever connects for the relay's own feed, and remembers who has answered. */
export class Hearing {
  readonly witnesses: Witnesses;
  readonly #options: HearingOptions;
  readonly #heard = new Set<string>();
  readonly #silent = new Set<string>();
  readonly #connected = new Set<Peer>();
  #ports: HearingPorts | undefined;

  constructor(options: HearingOptions) {
    this.#options = options;
    this.witnesses = new Witnesses(options.clock);
  }

  start(ports: HearingPorts): void {
    this.#ports = ports;
  }

  /** @returns of how many members and listed relays it is known what they hold, and how many there are */
  count(): { heard: number; of: number } {
    const everybody = this.#ports?.everybody() ?? [];
    const heard = everybody.filter((feed) => this.#heard.has(feed) || this.#said(feed));
    return { heard: heard.length, of: everybody.length };
  }

  /** Asks everybody who is connected. */
  askAll(): void {
    for (const peer of this.#connected) this.#ask(peer);
  }

  /** Forgets who has answered. */
  clear(): void {
    this.#heard.clear();
    this.#silent.clear();
  }

  isConnected(id: string): boolean {
    return [...this.#connected].some((peer) => peer.id === id);
  }

  /** A peer has connected. */
  meet(peer: Peer): void {
    const { wires, active, onLeft } = this.#options;
    this.#connected.add(peer);
    peer.once('closed', () => {
      this.#connected.delete(peer);
      this.#silent.delete(peer.id);
      this.witnesses.left(peer.id);
      onLeft(peer.id);
    });
    wires.of(peer)?.onHeard(() => {
      if (active()) this.#ask(peer);
    });
    if (this.witnesses.has(peer.id)) this.witnesses.limit(peer);
  }

  #ask(peer: Peer): void {
    const { own } = this.#ports ?? {};
    if (own === undefined || peer.closed || !this.#mayTell(peer.id)) return;
    void compareWith(peer, own).then((outcome) => {
      if (outcome === 'heard') this.#heard.add(peer.id);
      else if (!peer.closed) this.#silent.add(peer.id);
      if (this.witnesses.has(peer.id)) peer.close(true);
      this.#options.onAnswer(peer.id);
    });
  }

  /** Some clients speak EBT only; what they say of themselves must do. */
  #said(feed: string): boolean {
    if (!this.#silent.has(feed)) return false;
    const claim = this.#ports?.claimOf(feed);
    return claim !== undefined && claim <= (this.#ports?.own.stored() ?? 0);
  }

  /** The key of an invite code is not asked: it holds nothing and is gone in a moment. */
  #mayTell(id: string): boolean {
    return this.witnesses.has(id) || this.#ports?.everybody().some((feed) => feed === id) === true;
  }
}
