import { chmod, mkdir, readdir } from 'node:fs/promises';
import { type BatchOperation, ClassicLevel } from 'classic-level';
import { MAX_WAITING } from './limits.js';
import { Mutex } from './mutex.js';
import { damaged, storeError } from './store-errors.js';

type Database = ClassicLevel<string, string>;
/** One change of one record, made by a table and handed to {@link Store.commit}. */
export type Write = BatchOperation<Database, string, string>;
/** A key with the name of its part, and the record as it is stored. */
export type LedgerRecord = readonly [key: string, record: string];
/** One named part of the database. */
export type Part = ReturnType<typeof partOf>;

function partOf(database: Database, name: string) {
  return database.sublevel(name);
}

/** Without CURRENT, LevelDB would start an empty database and delete the old one's files. */
async function refuseHeadless(folder: string): Promise<void> {
  const names = await readdir(folder);
  const hasRecords = names.some((name) => /^MANIFEST-|\.(ldb|log)$/.test(name));
  if (hasRecords && !names.includes('CURRENT')) {
    throw damaged(folder, new Error('the file CURRENT is missing'));
  }
}

/**
 * The desk's database: one folder, one process, every write on the disk before it is answered.
 *
 * After a failed write LevelDB appends behind the torn record and answers "done", but its recovery
 * then drops what follows the tear (seen on a full tmpfs with classic-level 3.0.0: five of five
 * confirmed writes gone after kill -9). So a failed write makes the next one reopen the database
 * first, which starts a fresh log. While the disk stays full that fails too and leaves the database
 * closed; then a read tries it as well.
 */
export class Store {
  readonly folder: string;
  readonly #database: Database;
  readonly #parts = new Map<string, Part>();
  readonly #writing = new Mutex(2 * MAX_WAITING);
  #ready: Promise<void> = Promise.resolve();
  #mending: Promise<void> | undefined;
  #torn = false;

  private constructor(folder: string) {
    this.folder = folder;
    this.#database = new ClassicLevel(folder);
  }

  /**
   * @param folder made with mode 0700 if missing
   * @throws SnugError STATE_IN_USE, STATE_DAMAGED, DISK_FULL or STATE_FAILED
   */
  static async open(folder: string): Promise<Store> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
      await refuseHeadless(folder);
      const store = new Store(folder);
      await store.#database.open();
      return store;
    } catch (error) {
      throw storeError(folder, error);
    }
  }

  /**
   * @param name of the part, letters only
   * @returns that part of the database, for {@link Table}
   */
  part(name: string): Part {
    const part = this.#parts.get(name) ?? partOf(this.#database, name);
    this.#parts.set(name, part);
    return part;
  }

  /**
   * @param read gets something out of the database
   * @returns what it got
   * @throws SnugError as {@link storeError} makes it
   */
  async read<T>(read: () => Promise<T>): Promise<T> {
    try {
      await this.#ready.catch(() => this.#mend());
      return await read();
    } catch (error) {
      throw storeError(this.folder, error);
    }
  }

  /**
   * Writes all or nothing; resolves when it would survive a power cut.
   *
   * @throws SnugError DISK_FULL, DESK_CLOSED or STATE_FAILED; then nothing may be promised
   */
  commit(writes: readonly Write[]): Promise<void> {
    return this.#writing.run(async () => {
      try {
        await this.#heal();
        await this.#database.batch([...writes], { sync: true });
      } catch (error) {
        this.#torn = true;
        throw storeError(this.folder, error);
      }
    });
  }

  /** @returns all records of all parts, as of one moment: an iterator of LevelDB reads a snapshot */
  records(): Promise<LedgerRecord[]> {
    return this.read(() => this.#database.iterator().all());
  }

  /** Puts records into an empty database, all or nothing. */
  fill(records: readonly LedgerRecord[]): Promise<void> {
    return this.commit(records.map(([key, value]) => ({ type: 'put', key, value })));
  }

  /** Resolves when accepted writes are done and the folder is free for another process. */
  async close(): Promise<void> {
    await this.#writing.close();
    await this.#database.close();
  }

  /** Opens a database that a commit left closed; those who read meanwhile wait for this one try. */
  #mend(): Promise<void> {
    this.#mending ??= this.#writing
      .run(() => this.#heal())
      .finally(() => {
        this.#mending = undefined;
      });
    return this.#mending;
  }

  async #heal(): Promise<void> {
    if (!this.#torn) return;
    this.#ready = this.#reopen();
    await this.#ready;
    this.#torn = false;
  }

  async #reopen(): Promise<void> {
    await this.#database.close();
    await this.#database.open();
    // A sublevel is closed with its database, but not opened with it (abstract-level 3).
    for (const part of this.#parts.values()) await part.open();
  }
}
