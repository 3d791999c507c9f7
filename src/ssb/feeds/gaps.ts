import type { Peer } from 'ssb-server';
import { compareWith, type FeedPort } from '../own/comparison.js';
import type { Heads } from './heads.js';
import type { Intake } from './intake.js';

/** Feeds that one peer is asked for at a time. */
const AT_A_TIME = 16;

/** @returns a feed, to be compared with what peers hold of it */
export function feedPort(id: string, heads: Heads, intake: Intake): FeedPort {
  return {
    id,
    stored: () => heads.stored(id),
    next: () => heads.next(id),
    take: (message, sender, judged) => intake.take(message, sender, judged),
  };
}

/** What one connected peer was asked for. */
interface Asked {
  readonly peer: Peer;
  readonly feeds: Set<string>;
  readonly waiting: string[];
  open: number;
}

/**
 * Fetches what a peer does not send by EBT. After a power cut or a restore the relay has less of a
 * feed than it has told; a stock peer keeps what it was told, also against a lower note (events.js,
 * `max`), and sends only what is newer. So it is asked with `createHistoryStream`, once for each
 * feed while it is connected, for it may also lie.
 */
export class Gaps {
  readonly #port: (feed: string) => FeedPort;
  readonly #peers = new Map<string, Asked>();

  constructor(port: (feed: string) => FeedPort) {
    this.#port = port;
  }

  /** A peer has connected. */
  meet(peer: Peer): void {
    const asked: Asked = { peer, feeds: new Set(), waiting: [], open: 0 };
    this.#peers.set(peer.id, asked);
    peer.once('closed', () => {
      if (this.#peers.get(peer.id) === asked) this.#peers.delete(peer.id);
    });
  }

  /** A peer has more of a feed than we, and it is not what comes next here. */
  fill(feed: string, id: string): void {
    const asked = this.#peers.get(id);
    if (asked === undefined || asked.feeds.has(feed)) return;
    asked.feeds.add(feed);
    asked.waiting.push(feed);
    this.#next(asked);
  }

  #next(asked: Asked): void {
    if (asked.open >= AT_A_TIME || asked.peer.closed) return;
    const feed = asked.waiting.shift();
    if (feed === undefined) return;
    asked.open += 1;
    void compareWith(asked.peer, this.#port(feed)).then(() => {
      asked.open -= 1;
      this.#next(asked);
    });
  }
}
