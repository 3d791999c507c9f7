import { createHash, randomBytes } from 'node:crypto';
import type { Source } from 'pull-stream';
import pull from 'pull-stream';
import { asBlobId, type BlobId } from '../../src/ssb/blobs/blob-id.js';
import { asError } from './ssb-peer.js';

/** A blob of the tests. */
export interface TestBlob {
  readonly id: BlobId;
  readonly bytes: Buffer;
}

/** @param size in bytes */
export function makeBlob(size: number): TestBlob {
  const bytes = randomBytes(size);
  const id = asBlobId(`&${createHash('sha256').update(bytes).digest('base64')}.sha256`);
  if (id === undefined) throw new Error('a blob without a name');
  return { id, bytes };
}

/** @returns the bytes in slices, each a moment after the other, as a network brings them */
export function inSlices(bytes: Buffer, slice = 16 * 1024): Source<Buffer> {
  let at = 0;
  return (abort, cb) => {
    setImmediate(() => {
      const from = at;
      at += slice;
      if (abort || from >= bytes.length) cb(abort || true);
      else cb(null, bytes.subarray(from, at));
    });
  };
}

/** @returns a stream of bytes that never ends; `sent` counts them, `stopped` tells of the end */
export function endless(slice = 16 * 1024): {
  source: Source<Buffer>;
  sent: () => number;
  stopped: () => boolean;
} {
  let sent = 0;
  let stopped = false;
  return {
    sent: () => sent,
    stopped: () => stopped,
    source: (abort, cb) => {
      setImmediate(() => {
        if (abort) {
          stopped = true;
          cb(abort);
        } else {
          sent += slice;
          cb(null, Buffer.alloc(slice, 7));
        }
      });
    },
  };
}

/** @returns everything that a stream brings */
export function collectBytes(source: Source<Buffer>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const collect = pull.collect<Buffer>((error, chunks) =>
      error ? reject(asError(error)) : resolve(Buffer.concat(chunks ?? [])),
    );
    pull(source, collect);
  });
}
