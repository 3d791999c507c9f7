import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import pull, { type Source } from 'pull-stream';
import { type BlobId, blobIdOf } from './blob-id.js';

/** Why a peer's bytes are not the blob that it promised. */
export type Fault = 'too-long' | 'wrong-hash' | 'stalled' | 'broken-off' | 'no-bytes';

/** The peer's fault: what came is thrown away. */
export class BadBlob extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`what came is not the blob: ${fault}`);
    this.fault = fault;
  }
}

/** What {@link receiveBlob} is told. */
export interface Expected {
  readonly id: BlobId;
  /** Bytes promised; one more and it is over. */
  readonly size: number;
  /** A file that does not exist yet. */
  readonly file: string;
  /** What the finished file carries as its time, in milliseconds since 1970. */
  readonly stamp: number;
  /** In each such time at least {@link LEAST_PROGRESS} must come, and {@link LEAST_RATE} so far. */
  readonly stallMs: number;
}

/** In bytes. A circuit that moves less is dead. */
const LEAST_PROGRESS = 8 * 1024;
/**
 * In bytes a second, on average. A slow circuit with three blobs at a time meets it, and 5 MiB hold
 * their place for no more than three quarters of an hour.
 */
const LEAST_RATE = 2 * 1024;

/** Writes slices one after the other, each whole, while more of them come. */
class Slices {
  readonly #file: FileHandle;
  #written: Promise<void> = Promise.resolve();
  #over = false;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param onError called when this or an earlier slice cannot be written */
  add(slice: Buffer, onError: (error: Error) => void): void {
    this.#written = this.#written.then(() =>
      this.#over ? undefined : this.#file.writeFile(slice),
    );
    this.#written.catch(onError);
  }

  /** Resolves once all of them are written. */
  end(): Promise<void> {
    return this.#written;
  }

  /** Resolves once nothing is being written; what has not been is forgotten. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#written.catch(() => undefined);
  }
}

/**
 * Counts what a source brings as it arrives and hands it on. muxrpc has no way to slow a peer
 * down, so what the disk has not taken yet waits in memory: never more than the promised size.
 *
 * @returns the SHA-256 of it all
 */
function pour(source: Source<unknown>, expected: Expected, slices: Slices): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let bytes = 0;
    let least = LEAST_PROGRESS;
    let looks = 0;
    let over = false;
    const end = (error?: Error) => {
      if (over) return;
      over = true;
      clearInterval(watch);
      if (error === undefined) resolve(hash.digest());
      else reject(error);
    };
    const each = (slice: unknown) => {
      if (!Buffer.isBuffer(slice)) end(new BadBlob('no-bytes'));
      else if (bytes + slice.length > expected.size) end(new BadBlob('too-long'));
      if (over || !Buffer.isBuffer(slice)) return false;
      bytes += slice.length;
      hash.update(slice);
      slices.add(slice, end);
      return true;
    };
    const watch = setInterval(() => {
      looks += 1;
      const onAverage = (looks * expected.stallMs * LEAST_RATE) / 1000;
      if (bytes < Math.max(least, onAverage)) end(new BadBlob('stalled'));
      least = bytes + LEAST_PROGRESS;
    }, expected.stallMs);
    const drain = pull.drain(each, (error) => {
      // A stock peer sends an empty slice after 64 kB or a multiple (pull-file, index.js), which
      // packet-stream-codec takes for the end of everything: then it is all here nevertheless.
      end(error && bytes < expected.size ? new BadBlob('broken-off') : undefined);
    });
    pull(source, drain);
  });
}

async function write(
  ask: () => Source<unknown>,
  expected: Expected,
  file: FileHandle,
): Promise<void> {
  const slices = new Slices(file);
  const source = ask();
  try {
    const digest = await pour(source, expected, slices);
    if (blobIdOf(digest) !== expected.id) throw new BadBlob('wrong-hash');
    await slices.end();
  } catch (error) {
    source(true, () => undefined);
    await slices.stop();
    throw error;
  }
  await file.utimes(expected.stamp / 1000, expected.stamp / 1000);
  await file.sync();
}

/**
 * Writes a blob to a file and checks that it is the one. multiblob's own `add` (1.14, index.js)
 * does not do for peers that are not trusted and disks that fill up: it has no limit, leaves its
 * file behind when the hash is wrong and open when the peer breaks off, takes a short write for a
 * whole one, and does not sync.
 *
 * @param ask opens the stream of the blob's bytes
 * @returns once the whole blob is on the disk
 * @throws BadBlob when the peer is to blame, else the disk's error; nothing is left then
 */
export async function receiveBlob(ask: () => Source<unknown>, expected: Expected): Promise<void> {
  const file = await open(expected.file, 'wx', 0o600);
  try {
    await write(ask, expected, file);
    await file.close();
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(expected.file, { force: true }).catch(() => undefined);
    throw error;
  }
}
