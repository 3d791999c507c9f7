import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Graph } from '../../src/invites/ports.js';
import type { FeedId } from '../../src/support/feed-id.js';

/** What the graph is about to do or has just done, such as `before follow`. */
export type Moment = `${'before' | 'after'} ${keyof Graph}`;

/** The relay's log as a file that survives kill -9, one message a line. */
export class FileGraph implements Graph {
  readonly #file: string;
  readonly #pause: (moment: Moment) => Promise<void>;

  /**
   * @param file where the messages go
   * @param pause is awaited before and after each step; may never resolve
   */
  constructor(file: string, pause: (moment: Moment) => Promise<void> = async () => {}) {
    this.#file = file;
    this.#pause = pause;
  }

  /** @returns the messages, each as `<step> <feed>` */
  said(): string[] {
    if (!existsSync(this.#file)) return [];
    return readFileSync(this.#file, 'utf8').split('\n').filter(Boolean);
  }

  async isFollowing(feed: FeedId): Promise<boolean> {
    await this.#pause('before isFollowing');
    return this.#lastWord(feed) === 'follow';
  }

  async isBlocking(feed: FeedId): Promise<boolean> {
    await this.#pause('before isBlocking');
    return this.#lastWord(feed) === 'block';
  }

  follow(feed: FeedId): Promise<void> {
    return this.#say('follow', feed);
  }

  unfollow(feed: FeedId): Promise<void> {
    return this.#say('unfollow', feed);
  }

  block(feed: FeedId): Promise<void> {
    return this.#say('block', feed);
  }

  unblock(feed: FeedId): Promise<void> {
    return this.#say('unblock', feed);
  }

  /** Nothing of it is in the log. */
  async setBanned(): Promise<void> {}

  #lastWord(feed: FeedId): string | undefined {
    return this.said()
      .findLast((line) => line.endsWith(` ${feed}`))
      ?.split(' ')[0];
  }

  async #say(step: Exclude<keyof Graph, `is${string}` | 'setBanned'>, feed: FeedId): Promise<void> {
    await this.#pause(`before ${step}`);
    const fd = openSync(this.#file, 'a');
    writeSync(fd, `${step} ${feed}\n`);
    fsyncSync(fd);
    closeSync(fd);
    await this.#pause(`after ${step}`);
  }
}
