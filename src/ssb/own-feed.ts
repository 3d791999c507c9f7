import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pull from 'pull-stream';
import type { Message, SignedValue, SsbServer } from 'ssb-server';
import { asFeedId, type FeedId, parseFeedId } from '../support/feed-id.js';
import type { Carrier } from './feeds/carrier.js';
import type { FollowGraph } from './follow-graph.js';
import type { Hold } from './own/hold.js';
import type { OwnFeedRecord } from './own/record.js';

/** ssb-db 20 (minimal.js): the log of all messages, below the database folder. */
const LOG_FILE = 'log.offset';

/** What the relay has said last of a feed. */
export type Word = 'follow' | 'block' | 'none';

/** What has come back of the own feed. */
export interface OwnFeedNews {
  /** It has, or may have, more messages than were recorded. */
  readonly newer: boolean;
  /** What those say, the last word on each feed. */
  readonly words: readonly (readonly [FeedId, Word])[];
}

/** What {@link OwnFeed} works with. */
export interface OwnFeedParts {
  /** A running server. */
  readonly server: SsbServer;
  /** Of its database. */
  readonly folder: string;
  readonly hold: Hold;
  readonly graph: FollowGraph;
  readonly carrier: Carrier;
}

/** @returns what a message of the relay says of whom; undefined when it is about nobody */
export function asContact({ content }: { content?: unknown }): readonly [FeedId, Word] | undefined {
  const { type, contact, following, blocking } = (content ?? {}) as Record<string, unknown>;
  const feed = asFeedId(contact);
  if (type !== 'contact' || feed === undefined) return undefined;
  if (blocking === true) return [feed, 'block'];
  return [feed, following === true ? 'follow' : 'none'];
}

/**
 * Publishes on the relay's own feed and waits until the message is on the disk. ssb-db answers
 * when the kernel has it; after a power cut a message that a member already has would then be
 * missing here, and the next one would fork the feed. So peers get it only then, too.
 */
export class OwnFeed {
  readonly #parts: OwnFeedParts;

  constructor(parts: OwnFeedParts) {
    this.#parts = parts;
  }

  /**
   * Lets the hold begin to ask peers.
   * @param listed the relays of the configuration
   */
  start(listed: ReadonlySet<FeedId>): void {
    const { server, hold, graph, carrier } = this.#parts;
    hold.start({
      own: carrier.own,
      idAt: async (sequence) => (await this.#at(sequence))?.key,
      isForked: () => carrier.stateOf(server.id).state === 'refused',
      claimOf: (peer) => carrier.claimOf(peer),
      members: () => graph.members(),
      isBlocked: (feed) => !carrier.carried.serves(feed),
      listed,
    });
  }

  /**
   * Publishes a word on a feed; resolves once it is on the disk and counts.
   *
   * @param content of the message, beside its type and the feed
   * @throws SnugError OWN_FEED_BEHIND, DISK_FULL
   */
  async say(feed: FeedId, word: Word, content: object): Promise<void> {
    await this.#publish({ type: 'contact', contact: feed, ...content });
    await this.#parts.graph.until(feed, word);
  }

  async #publish(content: object): Promise<void> {
    const message = await new Promise<Message>((resolve, reject) => {
      this.#parts.server.publish(content, (error, stored) =>
        stored === undefined ? reject(error) : resolve(stored),
      );
    });
    await this.sync();
    this.#parts.carrier.synced(message.value.sequence);
  }

  /** @returns how far the feed has come, and whom it follows */
  async record(): Promise<OwnFeedRecord> {
    const { graph, carrier, hold } = this.#parts;
    await graph.ready;
    const sequence = carrier.own.stored();
    const id = (await this.#at(sequence))?.key ?? null;
    return hold.farthest({ sequence, id, members: graph.members() });
  }

  /** Resolves once a hold is over as far as peers are concerned. */
  async untilBack(): Promise<OwnFeedNews> {
    const { newer, recorded } = await this.#parts.hold.back();
    return { newer, words: [...(await this.#wordsAfter(recorded))] };
  }

  /** Resolves once everything that is in the log is on the disk itself. */
  async sync(): Promise<void> {
    const log = await open(join(this.#parts.folder, 'flume', LOG_FILE), 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }

  #at(sequence: number): Promise<Message | undefined> {
    if (sequence === 0) return Promise.resolve(undefined);
    const { server } = this.#parts;
    return new Promise((resolve) => {
      server.getAtSequence([server.id, sequence], (_error, message) => resolve(message));
    });
  }

  #wordsAfter(sequence: number): Promise<Map<FeedId, Word>> {
    const { server } = this.#parts;
    const words = new Map<FeedId, Word>();
    const note = (message: SignedValue) => {
      const word = message.sequence > sequence ? asContact(message) : undefined;
      if (word !== undefined) words.set(...word);
    };
    const feed = { id: parseFeedId(server.id), live: false, keys: false, values: true };
    return new Promise((resolve, reject) => {
      const done = (error: Error | boolean | null) =>
        error instanceof Error ? reject(error) : resolve(words);
      pull(server.createUserStream(feed), pull.drain<SignedValue>(note, done));
    });
  }
}
