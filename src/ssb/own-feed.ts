import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Message, SsbServer } from 'ssb-server';

/** ssb-db 20 (minimal.js): the log of all messages, below the database folder. */
const LOG_FILE = 'log.offset';

/**
 * Publishes on the relay's own feed and waits until the message is on the disk. ssb-db answers
 * when the kernel has it; after a power cut a message that a member already has would then be
 * missing here, and the next one would fork the feed.
 */
export class OwnFeed {
  readonly #server: SsbServer;
  readonly #log: string;

  /**
   * @param server a running server
   * @param folder of its database
   */
  constructor(server: SsbServer, folder: string) {
    this.#server = server;
    this.#log = join(folder, 'flume', LOG_FILE);
  }

  /**
   * @param content of the message, with its `type`
   * @returns the message as stored
   */
  async publish(content: object): Promise<Message> {
    const message = await new Promise<Message>((resolve, reject) => {
      this.#server.publish(content, (error, stored) =>
        stored === undefined ? reject(error) : resolve(stored),
      );
    });
    await this.#sync();
    return message;
  }

  async #sync(): Promise<void> {
    const log = await open(this.#log, 'r+');
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }
}
