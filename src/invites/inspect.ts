import { Bans } from './bans.js';
import { Ledger } from './ledger.js';
import { MAX_WAITING } from './limits.js';
import { Mutex } from './mutex.js';
import type { Graph } from './ports.js';
import { Removals } from './removals.js';
import { Sponsors } from './sponsors.js';
import { Store } from './store.js';

/** Nothing is said to the log while records are only read. */
function nobody(): never {
  throw new Error('the log is not asked');
}
const NO_GRAPH: Graph = {
  isFollowing: nobody,
  isBlocking: nobody,
  follow: nobody,
  unfollow: nobody,
  setBanned: nobody,
  block: nobody,
  unblock: nobody,
};

/** The desk's database, held against a relay that would start meanwhile. */
export interface HeldDesk {
  /** @throws SnugError STATE_DAMAGED when a record cannot be read */
  readEverything(): Promise<void>;
  /** Frees the folder. */
  close(): Promise<void>;
}

/**
 * Opens the desk's database to look at it, and keeps others out until it is closed.
 *
 * @param folder of the database; must be there
 * @throws SnugError STATE_IN_USE while a relay has it, STATE_DAMAGED, DISK_FULL or STATE_FAILED
 */
export async function holdDesk(folder: string): Promise<HeldDesk> {
  const store = await Store.open(folder);
  const line = new Mutex(MAX_WAITING);
  const parts = { store, graph: NO_GRAPH, line, now: Date.now };
  return {
    async readEverything() {
      const removals = await Removals.load(parts);
      const bans = await Bans.load({ ...parts, removals });
      await new Sponsors({ ...parts, bans, removals, maySponsor: 0 }).feeds();
      for await (const _ of new Ledger(store, Date.now).all());
    },
    close: () => store.close(),
  };
}
