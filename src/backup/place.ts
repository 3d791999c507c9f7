import {
  chmod,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, SnugError } from '../support/errors.js';
import { CONFIG, END, HOSTNAME, LEDGER, MANIFEST, OWN_FEED } from './entries.js';
import { lockForRestore, refuseDuringRestore } from './lock.js';
import { writeError } from './problems.js';
import type { EntryWriter } from './unpack.js';

/** Not yet whole; of no use to anybody. */
const PART = '.restoring.part';
/** Whole and on the disk, and being moved into place: while it is there no relay may start. */
const WHOLE = '.restoring';
/** What a relay's state folder holds, in the order in which it is moved: the key comes last. */
const FOLDERS = ['invites', 'tor', 'ssb'];
const RESTORED_CONFIG = 'restored.toml';
/** Read into memory, and no file of its own in the state folder. */
const NO_FILES = new Set([MANIFEST, LEDGER, END]);

async function listing(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A full disk may take a part of it. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** LevelDB makes its files as the caller's umask wants them. */
async function settleTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await settleTree(path);
    else await chmod(path, 0o600);
  }
  await chmod(folder, 0o700);
  await syncFolder(folder);
}

function relayExists(state: string, host: string | undefined): SnugError {
  const whose = host === undefined ? 'a relay' : `the relay ${host}`;
  return new SnugError('RELAY_EXISTS', `${state} already holds ${whose}. Nothing was changed.`, {
    hint: `Stop it and move the folder away first ("mv ${state} ${state}.old"), or name another in paths.state.`,
  });
}

/**
 * A relay that started in the middle of a restore would make itself new keys.
 *
 * @param state the state folder
 * @throws SnugError RESTORE_RUNNING while there is one, RESTORE_UNFINISHED when one was cut short
 */
export async function refuseHalfRestored(state: string): Promise<void> {
  // Throws where the folder is another user's: whether the lock lives cannot be seen there.
  await listing(state);
  await refuseDuringRestore(state);
  if (!(await listing(state)).includes(WHOLE)) return;
  throw new SnugError('RESTORE_UNFINISHED', `A restore into ${state} was cut short.`, {
    hint: 'Give the same "snug restore" once more, then start.',
  });
}

/** The state folder of a fresh box, while a backup is put into it. */
export class Place {
  readonly #state: string;
  #made = false;
  #unlock: (() => Promise<void>) | undefined;

  constructor(state: string) {
    this.#state = state;
  }

  /** @throws SnugError RELAY_EXISTS, or NOT_ALLOWED for another user's folder */
  async checkFree(): Promise<void> {
    const names = await listing(this.#state);
    if (names.length > 0 || (await this.#exists())) await this.#checkOwner();
    // What a restore that was cut short has moved is its own; no relay started since.
    if (names.includes(WHOLE)) return;
    for (const folder of FOLDERS) {
      if ((await listing(join(this.#state, folder))).length === 0) continue;
      const host = await readFile(join(this.#state, HOSTNAME), 'utf8').catch(() => undefined);
      throw relayExists(this.#state, host?.trim());
    }
  }

  /**
   * Keeps relays off, clears what an earlier restore left half-done, and makes room aside.
   * @throws SnugError RESTORE_RUNNING when another restore is under way, or of {@link checkFree}
   */
  async begin(): Promise<void> {
    try {
      this.#made = (await mkdir(this.#state, { recursive: true, mode: 0o700 })) !== undefined;
      this.#unlock = await lockForRestore(this.#state);
      await this.checkFree();
      await rm(join(this.#state, PART), { recursive: true, force: true });
      if ((await listing(this.#state)).includes(WHOLE)) {
        for (const folder of FOLDERS) {
          await rm(join(this.#state, folder), { recursive: true, force: true });
        }
        await rm(join(this.#state, WHOLE), { recursive: true });
      }
      await mkdir(join(this.#state, PART), { mode: 0o700 });
    } catch (error) {
      throw this.errorOf(error);
    }
  }

  /** @returns where something goes that is not yet in its place */
  path(name: string): string {
    return join(this.#state, PART, name);
  }

  /**
   * @param name of an entry that an archive may have
   * @param publishAnyway whether the record that holds publishing back is left out
   */
  async open(name: string, publishAnyway: boolean): Promise<EntryWriter | undefined> {
    if (NO_FILES.has(name) || (publishAnyway && name === OWN_FEED)) return undefined;
    const file = this.path(name === CONFIG ? RESTORED_CONFIG : name);
    const handle = await this.#try(async () => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      return await open(file, 'wx', 0o600);
    });
    return {
      write: (chunk) => this.#try(() => writeAll(handle, chunk)),
      close: () =>
        this.#try(async () => {
          await handle.sync();
          await handle.close();
        }),
    };
  }

  /**
   * Moves everything into place.
   * @returns where the configuration of the backup lies, if it had one
   * @throws SnugError RELAY_EXISTS when a relay has come meanwhile
   */
  async commit(): Promise<string | undefined> {
    await this.checkFree();
    const whole = join(this.#state, WHOLE);
    await settleTree(join(this.#state, PART));
    await rename(join(this.#state, PART), whole);
    await syncFolder(this.#state);
    const names = await readdir(whole);
    const rest = names.filter((name) => !FOLDERS.includes(name));
    for (const name of [...rest, ...FOLDERS]) {
      await rename(join(whole, name), join(this.#state, name));
    }
    await syncFolder(this.#state);
    // First the lock: a restore that is killed here is finished by the next, which clears both.
    await this.#unlock?.();
    await rm(whole, { recursive: true });
    await syncFolder(this.#state);
    return rest.includes(RESTORED_CONFIG) ? join(this.#state, RESTORED_CONFIG) : undefined;
  }

  /** Leaves nothing behind of what was not whole, and nothing undone of what others have made. */
  async abandon(): Promise<void> {
    if (this.#unlock !== undefined) {
      await rm(join(this.#state, PART), { recursive: true, force: true });
      await this.#unlock();
    }
    if (this.#made) await rmdir(this.#state).catch(() => undefined);
  }

  /** @returns an error of the file system, for people */
  errorOf(error: unknown): unknown {
    return writeError(this.#state, error);
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.errorOf(error);
    }
  }

  #exists(): Promise<boolean> {
    return stat(this.#state).then(
      () => true,
      () => false,
    );
  }

  async #checkOwner(): Promise<void> {
    const { uid } = await stat(this.#state);
    const own = process.geteuid?.() ?? uid;
    if (uid === own) return;
    throw new SnugError(
      'NOT_ALLOWED',
      `${this.#state} belongs to user ${uid}, and you are user ${own}.`,
      {
        hint: `Run the command as the user that runs the relay: "sudo -u '#${uid}' snug …".`,
      },
    );
  }
}
