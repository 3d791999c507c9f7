import type { Log } from '../../support/log.js';

/** Why a feed does not go on here. */
export interface Trouble {
  /** `refused`: a message breaks the rules of SSB. `paused`: there is no room. */
  readonly state: 'refused' | 'paused';
  /** A sentence for the operator. */
  readonly reason: string;
  /** Of the message that was not taken. */
  readonly sequence: number;
}

/** How one feed stands here. */
export interface FeedState {
  readonly state: 'ok' | Trouble['state'];
  /** Of its last message here; 0 without any. */
  readonly sequence: number;
  /** Why it does not go on, as a sentence. */
  readonly reason?: string;
}

/** Feeds within reach are fewer; beyond that the oldest is forgotten. */
const MOST_TROUBLES = 10_000;
/** Enough to find the feed in `snug member list`. */
const SHORT_ID = 11;

/**
 * Feeds that do not go on, each with its newest reason, since the start. A feed is forgotten here
 * once a message of it is taken again.
 */
export class Troubles {
  readonly #log: Log;
  readonly #byFeed = new Map<string, Trouble>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @returns why the feed does not go on, if so */
  of(feed: string): Trouble | undefined {
    return this.#byFeed.get(feed);
  }

  /** @returns the feeds that are in this state */
  feeds(state: Trouble['state']): string[] {
    return [...this.#byFeed].filter(([, trouble]) => trouble.state === state).map(([feed]) => feed);
  }

  /** Remembers it; the log gets a line only when it is news. */
  note(feed: string, trouble: Trouble): void {
    const known = this.#byFeed.get(feed);
    if (known?.state === trouble.state && known.sequence === trouble.sequence) return;
    this.#byFeed.delete(feed);
    if (this.#byFeed.size >= MOST_TROUBLES) {
      const [oldest] = this.#byFeed.keys();
      if (oldest !== undefined) this.#byFeed.delete(oldest);
    }
    this.#byFeed.set(feed, trouble);
    const { state, sequence, reason } = trouble;
    const short = feed.slice(0, SHORT_ID);
    this.#log.info(`feed ${short}… is ${state} at its message ${sequence}. ${reason}`);
  }

  clear(feed: string): void {
    this.#byFeed.delete(feed);
  }
}
