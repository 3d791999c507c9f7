import pull from 'pull-stream';
import type { ContactChange, SsbServer } from 'ssb-server';
import { asFeedId, type FeedId } from '../support/feed-id.js';

/** The relay's newest word on a feed, as ssb-friends reads it. */
type Edge = 'follow' | 'block' | 'none';

/** Others wait in line behind a follow, so it may not take for ever. */
const INDEX_DEADLINE_MS = 30_000;

function toEdge(value: boolean | null): Edge {
  if (value === null) return 'none';
  return value ? 'follow' : 'block';
}

/**
 * Whom the relay follows and blocks, kept up to date from ssb-friends. Its index learns of a
 * published message a moment after `publish` has answered; `until` lets a caller wait for that.
 */
export class FollowGraph {
  /** Resolves once what is in the log is known. */
  readonly ready: Promise<void>;
  readonly #id: string;
  readonly #edges = new Map<string, Edge>();
  readonly #hops = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  /** @param server a running server with ssb-friends */
  constructor(server: SsbServer) {
    this.#id = server.id;
    this.ready = new Promise((resolve) => {
      pull(
        server.friends.stream({ live: true }),
        pull.drain<ContactChange>((change) => {
          this.#apply(change);
          resolve();
        }),
      );
    });
    pull(
      server.friends.hopStream({ live: true, old: true }),
      pull.drain<Record<string, number>>((change) => {
        for (const [feed, hops] of Object.entries(change)) this.#hops.set(feed, hops);
      }),
    );
  }

  /** ssb-friends sends the whole graph first, then single edges (legacy.js). */
  #apply(change: ContactChange): void {
    if (typeof change.from === 'string') {
      const { from, to, value } = change as { from: string; to: string; value: boolean | null };
      if (from === this.#id) this.#edges.set(to, toEdge(value));
    } else {
      const own = (change as Record<string, Record<string, boolean | null>>)[this.#id] ?? {};
      for (const [to, value] of Object.entries(own)) this.#edges.set(to, toEdge(value));
    }
    for (const check of this.#waiting) check();
  }

  #edge(feed: string): Edge {
    return feed === this.#id ? 'follow' : (this.#edges.get(feed) ?? 'none');
  }

  /** @returns whether the relay's newest word on the feed is a follow; it follows itself */
  async isFollowing(feed: FeedId): Promise<boolean> {
    await this.ready;
    return this.#edge(feed) === 'follow';
  }

  /** @returns whether the relay's newest word on the feed is a block */
  async isBlocking(feed: FeedId): Promise<boolean> {
    await this.ready;
    return this.#edge(feed) === 'block';
  }

  /** @returns whether the relay's newest word on the feed, as far as it is read, is a block */
  blocks(feed: string): boolean {
    return this.#edge(feed) === 'block';
  }

  /** @returns whether the relay's newest word on the feed, as far as it is read, is a follow */
  follows(feed: string): boolean {
    return this.#edge(feed) === 'follow';
  }

  /** @returns whom the relay follows, in the order of their ids */
  members(): FeedId[] {
    const followed = [...this.#edges].filter(([, edge]) => edge === 'follow');
    return followed.flatMap(([feed]) => asFeedId(feed) ?? []).sort();
  }

  /** @returns how many feeds the relay follows, and how many are within its reach */
  count(): { members: number; reach: number } {
    return {
      members: [...this.#edges.values()].filter((edge) => edge === 'follow').length,
      reach: [...this.#hops.values()].filter((distance) => distance >= 0).length,
    };
  }

  /**
   * Resolves once the relay's newest word on the feed is this one.
   * @throws Error when the index does not get there in time
   */
  until(feed: FeedId, edge: Edge): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error('the index of follows did not keep up'));
      }, INDEX_DEADLINE_MS);
      const check = () => {
        if (this.#edge(feed) !== edge) return;
        clearTimeout(late);
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}
