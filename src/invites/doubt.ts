import * as v from 'valibot';
import { feedSchema } from './invite.js';
import type { Store } from './store.js';
import { Table } from './table.js';

const KEY = 'backup';
const snapshotSchema = v.object({
  /** Hashes of the codes that were open. */
  codes: v.array(v.string()),
  /** Feeds that were banned, and feeds that had been removed. */
  banned: v.array(feedSchema),
  removed: v.array(feedSchema),
});

/** What the records said when the relay began to wait for its own feed. */
export type Doubtful = v.InferOutput<typeof snapshotSchema>;

/**
 * What came from a backup, and may be out of date, is told by this from what the operator and
 * visitors have done since. It is on the disk, because the wait may outlast a restart.
 */
export class Doubt {
  readonly #store: Store;
  readonly #table: Table<Doubtful>;

  constructor(store: Store) {
    this.#store = store;
    this.#table = new Table(store, 'doubts', snapshotSchema);
  }

  /** @returns what is doubtful; undefined when nothing was noted */
  noted(): Promise<Doubtful | undefined> {
    return this.#table.get(KEY);
  }

  /** Keeps it until {@link Doubt.end}; what was noted first counts. */
  async note(doubtful: Doubtful): Promise<void> {
    if ((await this.noted()) === undefined) {
      await this.#store.commit([this.#table.put(KEY, doubtful)]);
    }
  }

  end(): Promise<void> {
    return this.#store.commit([this.#table.remove(KEY)]);
  }
}
