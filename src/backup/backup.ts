import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { parseOnionHost } from '../support/onion-host.js';
import {
  CONFIG,
  HOSTNAME,
  LEDGER,
  LOG,
  MANIFEST,
  OWN_FEED,
  PUBLIC_KEY,
  SECRET,
  SECRET_KEY,
} from './entries.js';
import { FORMAT, isKeyOf, type Manifest, type Records } from './manifest.js';
import type { Output } from './output.js';
import { type Entry, entryOf, pack } from './pack.js';
import { type Lock, seal } from './seal.js';
import { authorizedClients, blobs, largeFile, smallFile, sshOnion } from './sources.js';

/** What is backed up, and for whom. */
export interface BackupOptions {
  /** The state folder. */
  readonly state: string;
  /** The configuration file, if there is one. */
  readonly config: string | undefined;
  /** Read before any file, so that the log holds at least what they know of the own feed. */
  readonly records: Records;
  /** Of this Snug. */
  readonly version: string;
  /** In milliseconds since 1970. */
  readonly now: number;
  readonly withLog: boolean;
  readonly lock: Lock;
  readonly signal: AbortSignal;
}

function otherRelay(state: string): SnugError {
  return new SnugError('OTHER_RELAY', `The keys in ${state} are the keys of another relay.`, {
    hint: 'The relay that answers is not that of this configuration: name its own with --config, without --control.',
  });
}

async function manifestOf(options: BackupOptions): Promise<Manifest> {
  const { state, records, version, now, withLog } = options;
  const { sequence, id } = records.ownFeed;
  const secret = await readFile(join(state, SECRET));
  if (!isKeyOf(records.feed, secret)) throw otherRelay(state);
  const hostname = await readFile(join(state, HOSTNAME), 'utf8');
  return {
    program: 'snug',
    format: FORMAT,
    version,
    createdAt: now,
    feed: records.feed,
    host: parseOnionHost(hostname.trim()),
    own: { sequence, id },
    withLog,
  };
}

/** In the order of `KINDS`. */
async function* entriesOf(options: BackupOptions, manifest: Manifest): AsyncGenerator<Entry> {
  const { state, config, records, withLog } = options;
  yield entryOf(MANIFEST, JSON.stringify(manifest));
  if (config !== undefined) yield entryOf(CONFIG, await readFile(config));
  yield await smallFile(state, SECRET);
  yield entryOf(OWN_FEED, JSON.stringify(records.ownFeed));
  for (const name of [HOSTNAME, PUBLIC_KEY, SECRET_KEY]) yield await smallFile(state, name);
  yield* authorizedClients(state);
  yield* sshOnion(state);
  yield entryOf(LEDGER, JSON.stringify(records.invites));
  if (!withLog) return;
  const log = await largeFile(state, LOG);
  if (log !== undefined) yield log;
  yield* blobs(state);
}

function readError(error: unknown): unknown {
  if (error instanceof SnugError || codeOf(error) === undefined) return error;
  if (codeOf(error) === 'ENOENT') {
    return new SnugError('NO_RELAY', 'There is no whole relay to back up: a file is missing.', {
      hint: 'Has it ever run? "snug doctor" looks at its files.',
      cause: error,
    });
  }
  return new SnugError('NOT_READ', `The relay's files cannot be read: ${messageOf(error)}.`, {
    hint: 'Run the command as the user that runs the relay, or with sudo.',
    cause: error,
  });
}

/**
 * Writes an archive. The plain text is in memory only, a piece at a time.
 *
 * @param output gets the encrypted archive; nothing is left of it when this throws
 * @returns what the archive says of itself, and its size in bytes
 * @throws SnugError OTHER_RELAY, NO_RELAY, NOT_READ, BAD_RECIPIENT, DISK_FULL, NOT_WRITTEN, FILE_EXISTS
 */
export async function writeBackup(
  options: BackupOptions,
  output: Output,
): Promise<{ manifest: Manifest; bytes: number }> {
  const { lock, signal } = options;
  let bytes = 0;
  try {
    const manifest = await manifestOf(options);
    for await (const chunk of await seal(pack(entriesOf(options, manifest)), lock)) {
      signal.throwIfAborted();
      bytes += chunk.length;
      await output.write(chunk);
    }
    await output.finish();
    return { manifest, bytes };
  } catch (error) {
    await output.discard();
    throw readError(error);
  }
}
