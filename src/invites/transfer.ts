import { type LedgerRecord, Store } from './store.js';

/** A part's name, as abstract-level puts it in front of keys, then the record's own key. */
const KEY = /^![a-z]+![!-~]{1,200}$/i;
/** The longest record tells the codes of a full ledger (doubt.ts), some 5 MB. */
const LONGEST_VALUE = 16 * 1024 * 1024;

/** Notes of a wait that was going on at the backup; the one to come has its own (doubt.ts). */
const DOUBTS = '!doubts!';

/** A desk's database that no relay uses. */
export interface ClosedDesk {
  /** @returns everything that is stored */
  records(): Promise<LedgerRecord[]>;
  /** Lets a relay start again. */
  close(): Promise<void>;
}

/**
 * Takes the database of a relay that does not run; none can start before it is given back.
 *
 * @param folder of the database
 * @throws SnugError STATE_IN_USE, STATE_DAMAGED or others of the store
 */
export async function borrowLedger(folder: string): Promise<ClosedDesk> {
  const store = await Store.open(folder);
  return { records: () => store.records(), close: () => store.close() };
}

/** @returns whether this can be one record of a desk, as far as its form tells */
export function isLedgerRecord(value: unknown): value is LedgerRecord {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [key, text] = value as [unknown, unknown];
  if (typeof key !== 'string' || typeof text !== 'string') return false;
  return KEY.test(key) && text.length <= LONGEST_VALUE;
}

/**
 * Makes a database with these records, on the disk when this resolves.
 *
 * @param folder that does not exist yet
 * @throws SnugError of the store
 */
export async function importLedger(
  folder: string,
  records: readonly LedgerRecord[],
): Promise<void> {
  const store = await Store.open(folder);
  try {
    await store.fill(records.filter(([key]) => !key.startsWith(DOUBTS)));
  } finally {
    await store.close();
  }
}
