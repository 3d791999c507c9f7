import { readdir, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobId, blobIdOf } from './blob-id.js';

interface Kept {
  readonly size: number;
  /** What the file's time of change says, in milliseconds since 1970. */
  saved: number;
}

/**
 * @returns where multiblob 1.14 keeps a blob (index.js, toPath): `sha256/` and the digest in hex,
 *   two digits for the folder
 */
export function blobPath(folder: string, id: BlobId): string {
  const hex = Buffer.from(id.slice(1, -'.sha256'.length), 'base64').toString('hex');
  return join(folder, 'sha256', hex.slice(0, 2), hex.slice(2));
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/**
 * Which blobs lie on the disk, the least recently used first. A blob's file carries the time of
 * its last use as its time of change, so that there is no second file that could disagree after a
 * crash. (The time of access would not do: a backup that reads every file changes it.)
 */
export class BlobIndex {
  readonly #folder: string;
  readonly #saveUseMs: number;
  readonly #kept = new Map<BlobId, Kept>();
  #bytes = 0;
  #last = 0;

  /**
   * @param folder of the blobs
   * @param saveUseMs the time of use is written down at most this often for one blob
   */
  constructor(folder: string, saveUseMs: number) {
    this.#folder = folder;
    this.#saveUseMs = saveUseMs;
  }

  /** Reads the folder. */
  async load(): Promise<void> {
    const found: [BlobId, Kept][] = [];
    const root = join(this.#folder, 'sha256');
    for (const head of await namesIn(root)) {
      for (const tail of await namesIn(join(root, head))) {
        const digest = Buffer.from(head + tail, 'hex');
        const file = await stat(join(root, head, tail)).catch(() => undefined);
        if (digest.length !== 32 || !file?.isFile()) continue;
        found.push([blobIdOf(digest), { size: file.size, saved: file.mtimeMs }]);
      }
    }
    found.sort(([, a], [, b]) => a.saved - b.saved);
    for (const [id, kept] of found) {
      this.#kept.set(id, kept);
      this.#bytes += kept.size;
      this.#last = kept.saved;
    }
  }

  get count(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns the blob's size in bytes, or undefined when it is not here */
  sizeOf(id: BlobId): number | undefined {
    return this.#kept.get(id)?.size;
  }

  /** A time for "now" that is after every other, even on a board whose clock went back. */
  stamp(): number {
    this.#last = Math.max(Date.now(), Math.floor(this.#last) + 1);
    return this.#last;
  }

  /** @param stamped the time that its file carries */
  add(id: BlobId, size: number, stamped: number): void {
    this.#bytes += size - (this.sizeOf(id) ?? 0);
    this.#kept.delete(id);
    this.#kept.set(id, { size, saved: stamped });
  }

  /** The blob has been used now. */
  touch(id: BlobId): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    const now = this.stamp();
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    if (now - kept.saved < this.#saveUseMs) return;
    kept.saved = now;
    // On a disk that takes nothing any more the order of this run still holds.
    utimes(blobPath(this.#folder, id), now / 1000, now / 1000).catch(() => undefined);
  }

  /** @returns the blobs, the least recently used first */
  ids(): IterableIterator<BlobId> {
    return this.#kept.keys();
  }

  /** Deletes a blob; whoever is reading it still gets it whole. */
  async remove(id: BlobId): Promise<void> {
    await unlink(blobPath(this.#folder, id)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    this.#bytes -= this.sizeOf(id) ?? 0;
    this.#kept.delete(id);
  }
}
