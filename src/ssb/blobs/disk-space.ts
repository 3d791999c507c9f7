import { mkdir, statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';

/** Why no blobs are taken in. */
export type Pause = 'disk-full' | 'disk-broken';

/** What {@link DiskSpace} needs. */
export interface DiskSpaceOptions {
  /** The folder of the blobs. */
  readonly folder: string;
  readonly keepFreeBytes: number;
  readonly checkMs: number;
  /** Called when there is room again. */
  readonly onRoom: () => void;
  readonly log: Log;
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const BROKEN = new Set(['EROFS', 'EIO', 'EACCES', 'EPERM', 'ENOENT', 'EMFILE', 'ENFILE']);
/** A disk may have room by its own count and still take nothing. */
const TRIAL = Buffer.alloc(64 * 1024);

/** Whether the disk takes blobs: pauses intake when it does not, and notices when it does again. */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #pause: Pause | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** What did not fit: a pause that ended with less would begin again at once. */
  #needed = TRIAL.length;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** Why nothing is taken in, or undefined. */
  get pause(): Pause | undefined {
    return this.#pause;
  }

  /**
   * @param bytes that are about to be written, or have begun to be
   * @returns whether they may; if not, intake is paused
   */
  async hasRoomFor(bytes: number): Promise<boolean> {
    if (this.#pause !== undefined) return false;
    if (await this.#isFree(bytes)) return true;
    this.#needed = Math.max(bytes, TRIAL.length);
    this.#stop('disk-full');
    return false;
  }

  /** @returns whether the error is the disk's, which pauses intake */
  blame(error: unknown): boolean {
    const code = codeOf(error) ?? '';
    if (FULL.has(code)) this.#stop('disk-full');
    else if (BROKEN.has(code)) this.#stop('disk-broken');
    else return false;
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #isFree(bytes: number): Promise<boolean> {
    const { folder, keepFreeBytes } = this.#options;
    const disk = await statfs(folder);
    return disk.bavail * disk.bsize >= keepFreeBytes + bytes;
  }

  #stop(pause: Pause): void {
    if (this.#pause !== undefined || this.#closed) return;
    this.#pause = pause;
    this.#options.log.warning(`no more blobs are taken in for now: ${pause}`);
    this.#checkSoon();
  }

  #checkSoon(): void {
    this.#timer = setTimeout(() => void this.#check(), this.#options.checkMs).unref();
  }

  async #check(): Promise<void> {
    const works = await this.#tryIt().catch(() => false);
    if (this.#closed) return;
    if (!works) {
      this.#checkSoon();
      return;
    }
    this.#pause = undefined;
    this.#options.log.info('there is room on the disk again, blobs are taken in');
    this.#options.onRoom();
  }

  async #tryIt(): Promise<boolean> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    if (!(await this.#isFree(this.#needed))) return false;
    const trial = join(this.#options.folder, 'trial');
    await writeFile(trial, TRIAL, { mode: 0o600 });
    await unlink(trial);
    return true;
  }
}
