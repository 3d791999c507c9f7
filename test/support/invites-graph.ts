import type { Graph } from '../../src/invites/ports.js';
import type { FeedId } from '../../src/support/feed-id.js';

/** One call of the desk to the graph. */
export type Step = keyof Graph;
/** One message in the relay's log. */
export interface Said {
  readonly step: Step;
  readonly feed: FeedId;
}

interface Held {
  readonly step: Step;
  readonly reached: () => void;
  readonly released: Promise<void>;
}

/** The relay's log in memory. It can fail, and it can be held at a step until released. */
export class MemoryGraph implements Graph {
  readonly said: Said[] = [];
  /** Banned, by the desk's word. */
  readonly shutOut = new Set<FeedId>();
  /** Thrown by what writes to the log, while set. */
  failure: Error | undefined;
  #held: Held | undefined;

  /** Holds the next call of this kind. `reached` resolves when it has come. */
  hold(step: Step): { reached: Promise<void>; release: () => void } {
    let release = () => {};
    let arrive = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    this.#held = { step, reached: arrive, released };
    return { reached, release: () => release() };
  }

  /** @returns how often the log says that this feed (or any) is followed */
  follows(feed?: FeedId): number {
    return this.said.filter((s) => s.step === 'follow' && (feed ?? s.feed) === s.feed).length;
  }

  async isFollowing(feed: FeedId): Promise<boolean> {
    await this.#pass('isFollowing');
    return this.#lastWord(feed) === 'follow';
  }

  async isBlocking(feed: FeedId): Promise<boolean> {
    await this.#pass('isBlocking');
    return this.#lastWord(feed) === 'block';
  }

  follow(feed: FeedId): Promise<void> {
    return this.#say('follow', feed);
  }

  unfollow(feed: FeedId): Promise<void> {
    return this.#say('unfollow', feed);
  }

  async setBanned(feed: FeedId, banned: boolean): Promise<void> {
    if (banned) this.shutOut.add(feed);
    else this.shutOut.delete(feed);
  }

  block(feed: FeedId): Promise<void> {
    return this.#say('block', feed);
  }

  unblock(feed: FeedId): Promise<void> {
    return this.#say('unblock', feed);
  }

  #lastWord(feed: FeedId): Step | undefined {
    return this.said.findLast((said) => said.feed === feed)?.step;
  }

  async #say(step: Step, feed: FeedId): Promise<void> {
    await this.#pass(step);
    if (this.failure !== undefined) throw this.failure;
    this.said.push({ step, feed });
  }

  async #pass(step: Step): Promise<void> {
    // Always a turn of the event loop, as a real log takes: races show.
    await new Promise((resolve) => setImmediate(resolve));
    const held = this.#held;
    if (held?.step !== step) return;
    this.#held = undefined;
    held.reached();
    await held.released;
  }
}
