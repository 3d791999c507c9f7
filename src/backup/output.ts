import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { codeOf, SnugError } from '../support/errors.js';
import { writeError } from './problems.js';

/** Where an archive goes. */
export interface Output {
  write(chunk: Uint8Array): Promise<void>;
  /** It is whole: puts it in its place, for good. */
  finish(): Promise<void>;
  /** Something failed: leaves nothing behind. */
  discard(): Promise<void>;
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function refuseOther(file: string, force: boolean): Promise<void> {
  if (force || !(await exists(file))) return;
  throw new SnugError('FILE_EXISTS', `${file} exists already, and is left as it is.`, {
    hint: 'Choose another name, or overwrite it with --force.',
  });
}

/** Some file systems, such as those of memory sticks, cannot sync folders. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

class FileOutput implements Output {
  readonly #file: string;
  readonly #aside: string;
  readonly #handle: FileHandle;
  readonly #force: boolean;

  constructor(file: string, aside: string, handle: FileHandle, force: boolean) {
    this.#file = file;
    this.#aside = aside;
    this.#handle = handle;
    this.#force = force;
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < chunk.length; ) {
        at += (await this.#handle.write(chunk, at)).bytesWritten;
      }
    } catch (error) {
      throw writeError(this.#file, error);
    }
  }

  async finish(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await refuseOther(this.#file, this.#force);
      await rename(this.#aside, this.#file);
      await syncFolder(dirname(this.#file));
    } catch (error) {
      throw writeError(this.#file, error);
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#aside, { force: true });
  }
}

/**
 * A file of mode 0600, written aside in the same folder and renamed once it is whole.
 *
 * @param force whether it may take the place of another
 * @throws SnugError FILE_EXISTS, DISK_FULL or NOT_WRITTEN
 */
export async function fileOutput(file: string, force: boolean): Promise<Output> {
  try {
    await refuseOther(file, force);
    const word = randomBytes(6).toString('hex');
    const aside = join(dirname(file), `.${basename(file)}.${word}.part`);
    return new FileOutput(file, aside, await open(aside, 'wx', 0o600), force);
  } catch (error) {
    throw writeError(file, error);
  }
}

/**
 * @param stream such as the standard output, which is left open
 * @returns an output that writes on as fast as the stream takes it
 */
export function streamOutput(stream: Writable): Output {
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) =>
          error ? reject(writeError('the standard output', error)) : resolve(),
        );
      }),
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}
