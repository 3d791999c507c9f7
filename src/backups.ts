import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { type BackupOptions, writeBackup } from './backup/backup.js';
import { type Manifest, type Records, recordsSchema } from './backup/manifest.js';
import type { Output } from './backup/output.js';
import { type Restored, type RestoreOptions, restoreBackup } from './backup/restore.js';
import type { Config } from './config/config.js';
import { borrowLedger, importLedger, isLedgerRecord } from './invites/transfer.js';
import { pathsOf } from './rooms.js';
import { readOwnFeed } from './ssb/log-file.js';
import { codeOf, SnugError } from './support/errors.js';
import { packageVersion } from './support/package.js';
import { isAnswering } from './support/unix-socket.js';

/** What the operator wants backed up, and for whom. */
export type BackupWish = Pick<BackupOptions, 'withLog' | 'lock' | 'signal'>;

/** How a backup is to be restored. */
export type RestoreWish = Pick<RestoreOptions, 'key' | 'publishAnyway' | 'signal'>;

/** Asks the running relay; see `Cli.ask`. */
export type Ask = (method: string) => Promise<unknown>;

/** Its records, and what ends the use of its folder. */
interface Source {
  readonly records: Records;
  close(): Promise<void>;
}

/** @throws SnugError NOT_RUNNING when nobody answers, or what the relay answers */
async function askRelay(ask: Ask): Promise<Source> {
  const answer = v.safeParse(recordsSchema, await ask('backup.records'));
  if (answer.success) return { records: answer.output, close: () => Promise.resolve() };
  throw new SnugError('BAD_ANSWER', 'The running relay does not answer as this command expects.', {
    hint: 'They may be of different versions: restart the relay.',
  });
}

/** Otherwise its databases would hold files that the relay's own user cannot write. */
async function checkOwner(state: string): Promise<void> {
  const { uid } = await stat(state);
  const own = process.geteuid?.() ?? uid;
  if (uid === own) return;
  throw new SnugError('NOT_ALLOWED', `${state} belongs to user ${uid}, and you are user ${own}.`, {
    hint: `Run the command as the user that runs the relay, or start the relay.`,
  });
}

/** A relay that does not run cannot be asked; none can start while its ledger is held. */
async function readFolders(config: Config): Promise<Source> {
  const { ledger, database } = pathsOf(config);
  try {
    await access(join(database, 'secret'));
    await access(ledger);
  } catch (cause) {
    throw new SnugError('NO_RELAY', `There is no relay in ${config.paths.state}.`, {
      hint: 'Name its configuration with --config, or start the relay first.',
      cause,
    });
  }
  await checkOwner(config.paths.state);
  const desk = await borrowLedger(ledger);
  try {
    const own = await readOwnFeed(database);
    const invites = (await desk.records()).map(([key, record]): [string, string] => [key, record]);
    const { sequence, id, members } = own.ownFeed;
    const ownFeed = { sequence, id, members: [...members] };
    return { records: { feed: own.feed, ownFeed, invites }, close: () => desk.close() };
  } catch (error) {
    await desk.close();
    throw error;
  }
}

/**
 * Backs up the relay of this configuration, whether it runs or not.
 *
 * @param output nothing is left of it when this throws
 * @returns what the archive says of itself, and its size in bytes
 * @throws SnugError NO_RELAY, NOT_ALLOWED, NOT_READY, STATE_IN_USE, LOG_DAMAGED, or of
 *   {@link writeBackup}
 */
export async function backUp(
  config: Config,
  ask: Ask,
  wish: BackupWish,
  output: () => Promise<Output>,
): Promise<{ manifest: Manifest; bytes: number }> {
  const source = await askRelay(ask).catch((error: unknown) => {
    if (codeOf(error) === 'NOT_RUNNING') return readFolders(config);
    throw error;
  });
  try {
    const options: BackupOptions = {
      ...wish,
      state: config.paths.state,
      config: config.file,
      records: source.records,
      version: packageVersion(),
      now: Date.now(),
    };
    return await writeBackup(options, await output());
  } finally {
    await source.close();
  }
}

/**
 * Puts a backup into the state folder of this configuration.
 *
 * @param file the archive
 * @param wish `publishAnyway`: not to wait for the relay's own feed, which may fork it
 * @throws SnugError STATE_IN_USE when a relay runs, or of {@link restoreBackup}
 */
export async function restore(config: Config, file: string, wish: RestoreWish): Promise<Restored> {
  const { state } = config.paths;
  const refuseRunning = () => refuseRunningRelay(config);
  return await restoreBackup({ ...wish, file, state, refuseRunning, isLedgerRecord, importLedger });
}

async function refuseRunningRelay(config: Config): Promise<void> {
  if (!(await isAnswering(pathsOf(config).control))) return;
  throw new SnugError('STATE_IN_USE', 'A relay runs with this configuration.', {
    hint: 'Stop it first. A backup is restored onto a fresh box only.',
  });
}
