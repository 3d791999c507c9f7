import { type FileHandle, open as openFile } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';
import * as v from 'valibot';
import { messageOf, SnugError } from '../support/errors.js';
import { LEDGER, OWN_FEED } from './entries.js';
import { type Manifest, ownFeedSchema, parseAs } from './manifest.js';
import { Place } from './place.js';
import { damaged, foreign } from './problems.js';
import { type Key, streamError, unseal } from './seal.js';
import { type EntryWriter, type Unpacked, unpack } from './unpack.js';

/** One record of the desk's database, as `Records.invites` has it. */
export type LedgerRecord = readonly [key: string, record: string];

/** What is restored, and where. */
export interface RestoreOptions {
  readonly file: string;
  readonly key: Key;
  /** The state folder, without a relay in it. */
  readonly state: string;
  /** Whether to publish at once, which may fork the feed. */
  readonly publishAnyway: boolean;
  /** Aborts it, until everything is moved into place. */
  readonly signal: AbortSignal;
  /** Throws when a relay runs on the state folder. */
  readonly refuseRunning: () => Promise<void>;
  readonly isLedgerRecord: (value: unknown) => value is LedgerRecord;
  /** Makes the desk's database in a folder that does not exist. */
  readonly importLedger: (folder: string, records: readonly LedgerRecord[]) => Promise<void>;
}

/** What was restored. */
export interface Restored {
  readonly manifest: Manifest;
  readonly members: number;
  /** Where the configuration of the backup lies now, if it had one. */
  readonly config: string | undefined;
}

async function read(
  { file, key, signal }: Pick<RestoreOptions, 'file' | 'key' | 'signal'>,
  open?: (name: string) => Promise<EntryWriter | undefined>,
): Promise<Unpacked> {
  const source = (await openArchive(file)).createReadStream();
  try {
    signal.throwIfAborted();
    const sealed = Readable.toWeb(addAbortSignal(signal, source)) as ReadableStream<Uint8Array>;
    return await unpack(await unseal(sealed, key), open);
  } catch (error) {
    signal.throwIfAborted();
    throw streamError(error);
  } finally {
    source.destroy();
  }
}

async function openArchive(file: string): Promise<FileHandle> {
  try {
    const handle = await openFile(file, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    throw new SnugError('NOT_READ', `${file} cannot be read: ${messageOf(error)}.`, {
      hint: 'Check the path, and whether this user may read it. Nothing was changed.',
      cause: error,
    });
  }
  throw foreign('it is no file');
}

function ledgerOf({ kept }: Unpacked, options: RestoreOptions): LedgerRecord[] {
  const records = parseAs(v.array(v.unknown()), kept.get(LEDGER) ?? Buffer.alloc(0));
  if (records.every(options.isLedgerRecord)) return records;
  throw damaged('the records of invites are not of their form');
}

/** Reads all of it before anything is changed: a backup that is not sound to its end is no backup. */
async function verify(options: RestoreOptions): Promise<Unpacked> {
  const unpacked = await read(options);
  ledgerOf(unpacked, options);
  const own = parseAs(ownFeedSchema, unpacked.kept.get(OWN_FEED) ?? Buffer.alloc(0));
  const { sequence, id } = unpacked.manifest.own;
  if (own.sequence === sequence && own.id === id) return unpacked;
  throw damaged('it does not agree with itself about the own feed');
}

/**
 * Puts a backup onto a fresh box. The archive is read twice: once to its end, with nothing
 * changed, then into a folder aside, from where everything is moved at once.
 *
 * @throws SnugError RELAY_EXISTS, STATE_IN_USE, RESTORE_RUNNING, ARCHIVE_*, BAD_IDENTITY, NOT_READ,
 *   DISK_FULL or NOT_WRITTEN; the signal's reason when aborted. The state folder is then as it was
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const place = new Place(options.state);
  await options.refuseRunning();
  await place.checkFree();
  await verify(options);
  try {
    await place.begin();
    const unpacked = await read(options, (name) => place.open(name, options.publishAnyway));
    await options.importLedger(place.path('invites'), ledgerOf(unpacked, options));
    // That took a while, and whoever does not know of the lock may have started.
    await options.refuseRunning();
    options.signal.throwIfAborted();
    const config = await place.commit();
    const own = parseAs(ownFeedSchema, unpacked.kept.get(OWN_FEED) ?? Buffer.alloc(0));
    return { manifest: unpacked.manifest, members: own.members.length, config };
  } catch (error) {
    await place.abandon();
    throw place.errorOf(error);
  }
}
