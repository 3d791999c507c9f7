import { readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { messageOf } from '../../support/errors.js';

/** An index that cannot be used as it is. */
export interface IndexTrouble {
  readonly name: string;
  /** `ahead`: it knows of messages that the log does not have. */
  readonly kind: 'damaged' | 'ahead';
  readonly why: string;
  /** Removes the index; the relay makes a new one out of the log at its next start. */
  readonly remove: () => Promise<void>;
}

/** What of `level` 6 is used, which flumeview-level brings. */
interface Level {
  get(key: string, options: object, cb: (error: unknown, value: unknown) => void): void;
  close(cb: () => void): void;
}
type OpenLevel = (
  folder: string,
  options: object,
  cb: (error: unknown, database?: Level) => void,
) => void;

/** flumeview-level 4 (index.js): where it keeps how far it has come. */
const META = '\x00';
const META_CODECS = { keyEncoding: 'utf8', valueEncoding: 'json' };
const LOG = 'log.offset';

/** The very LevelDB that the index was written with. */
function levelOfIndexes(): OpenLevel {
  const here = createRequire(import.meta.url);
  const database = createRequire(createRequire(here.resolve('ssb-server')).resolve('ssb-db'));
  const view = createRequire(database.resolve('flumeview-level'));
  return view('level') as OpenLevel;
}

/** @returns the offset of the last message that a LevelDB index has; -1 when it has none */
function sinceOfLevel(folder: string): Promise<number> {
  return new Promise((resolve, reject) => {
    levelOfIndexes()(folder, { createIfMissing: false }, (error, database) => {
      if (database === undefined || error) return reject(error);
      database.get(META, META_CODECS, (_missing, meta) =>
        database.close(() => resolve(offsetIn(meta, 'since'))),
      );
    });
  });
}

function offsetIn(record: unknown, key: 'since' | 'seq'): number {
  const value = (record as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === 'number' ? value : -1;
}

/** flumeview-reduce (inject.js) writes the whole index as one file of JSON. */
async function sinceOfFile(file: string): Promise<number> {
  return offsetIn(JSON.parse(await readFile(file, 'utf8')), 'seq');
}

/**
 * Looks at the indexes of the log while no relay runs: whether each opens, and whether it is not
 * further than the log. What is in them is not compared with the messages.
 *
 * @param folder `flume` of the database
 * @param last offset of the log's last record; -1 without any
 * @returns those that should be made anew
 */
export async function inspectIndexes(folder: string, last: number): Promise<IndexTrouble[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const troubles: IndexTrouble[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const since = entry.isDirectory() ? sinceOfLevel : sinceOfFile;
    if (entry.name === LOG || !(entry.isDirectory() || entry.name.endsWith('.json'))) continue;
    const name = entry.name.replace(/\.json$/, '');
    const remove = () => rm(path, { recursive: true, force: true });
    try {
      if ((await since(path)) <= last) continue;
      troubles.push({ name, kind: 'ahead', why: 'it is further than the log', remove });
    } catch (error) {
      troubles.push({ name, kind: 'damaged', why: messageOf(error), remove });
    }
  }
  return troubles;
}
