import type { SsbServer } from 'ssb-server';
import type { FeedId } from '../../support/feed-id.js';
import type { FollowGraph } from '../follow-graph.js';
import type { Carrier } from './carrier.js';
import type { FeedState } from './troubles.js';

/** How one feed stands here, for `snug member`. */
export interface FeedReport extends FeedState {
  readonly feed: FeedId;
  /** Whether the relay follows it. */
  readonly member: boolean;
  /** Whether the relay blocks it. */
  readonly blocked: boolean;
  readonly connected: boolean;
}

/** Puts together what is known of a feed. */
export class FeedReports {
  readonly #server: SsbServer;
  readonly #graph: FollowGraph;
  readonly #carrier: Carrier;

  constructor(server: SsbServer, graph: FollowGraph, carrier: Carrier) {
    this.#server = server;
    this.#graph = graph;
    this.#carrier = carrier;
  }

  /** @returns how the members' feeds stand here */
  async members(): Promise<FeedReport[]> {
    await this.#graph.ready;
    return await Promise.all(this.#graph.members().map((feed) => this.of(feed)));
  }

  /** @returns how a feed stands here, whether it is a member's or not */
  async of(feed: FeedId): Promise<FeedReport> {
    await this.#graph.ready;
    return {
      feed,
      member: this.#graph.follows(feed),
      blocked: this.#graph.blocks(feed),
      connected: (this.#server.peers[feed] ?? []).length > 0,
      ...this.#carrier.stateOf(feed),
    };
  }
}
