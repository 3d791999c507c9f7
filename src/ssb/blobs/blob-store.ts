import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Source } from 'pull-stream';
import { messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import type { BlobId } from './blob-id.js';
import { BlobIndex, blobPath } from './blob-index.js';
import type { BlobLimits } from './limits.js';
import { receiveBlob } from './receive.js';

/** The blobs on the disk, within their quota. */
export class BlobStore {
  readonly #folder: string;
  readonly #incoming: string;
  readonly #limits: BlobLimits;
  readonly #log: Log;
  readonly #index: BlobIndex;
  readonly #pinned = new Set<BlobId>();
  #received = 0;
  #evicting: Promise<void> = Promise.resolve();

  /** @param folder of the blobs; laid out as multiblob does, so that a stock server reads it too */
  constructor(folder: string, limits: BlobLimits, log: Log) {
    this.#folder = folder;
    this.#incoming = join(folder, 'incoming');
    this.#limits = limits;
    this.#log = log;
    this.#index = new BlobIndex(folder, limits.saveUseMs);
  }

  /**
   * Reads what is there, throws away what was not finished, and keeps to the quota, which may
   * have become smaller.
   */
  async open(): Promise<void> {
    await this.#index.load();
    await this.#keepToQuota();
    await rm(this.#incoming, { recursive: true, force: true });
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 });
  }

  /** How many blobs there are, and their bytes. */
  get held(): { count: number; bytes: number } {
    return { count: this.#index.count, bytes: this.#index.bytes };
  }

  /** @returns the blob's size in bytes, or undefined when it is not here */
  sizeOf(id: BlobId): number | undefined {
    return this.#index.sizeOf(id);
  }

  /** Keeps a blob whatever the quota says; it still counts. */
  pin(id: BlobId): void {
    this.#pinned.add(id);
  }

  /** @returns the file of a blob that is here, which counts as used now */
  use(id: BlobId): string {
    this.#index.touch(id);
    return blobPath(this.#folder, id);
  }

  /**
   * Takes in a blob; see {@link receiveBlob}.
   *
   * @param ask opens the stream of its bytes
   * @param size in bytes, as promised
   * @throws BadBlob when the peer is to blame, else the disk's error
   */
  async receive(ask: () => Source<unknown>, id: BlobId, size: number): Promise<void> {
    this.#received += 1;
    const file = join(this.#incoming, String(this.#received));
    const path = blobPath(this.#folder, id);
    const stamp = this.#index.stamp();
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 });
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await receiveBlob(ask, { id, size, file, stamp, stallMs: this.#limits.stallMs });
    await rename(file, path);
    this.#index.add(id, size, stamp);
    await this.#keepToQuota();
  }

  /** One at a time: two would each remove enough for both. */
  #keepToQuota(): Promise<void> {
    this.#evicting = this.#evicting.then(() => this.#evict());
    return this.#evicting;
  }

  async #evict(): Promise<void> {
    for (const id of [...this.#index.ids()]) {
      if (this.#index.bytes <= this.#limits.totalBytes) return;
      if (this.#pinned.has(id)) continue;
      await this.#index.remove(id).catch((error: unknown) => {
        this.#log.error(`a blob could not be deleted: ${messageOf(error)}`);
      });
    }
  }
}
