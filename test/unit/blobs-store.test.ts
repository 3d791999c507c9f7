import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Source } from 'pull-stream';
import { BlobStore } from '../../src/ssb/blobs/blob-store.js';
import { BLOB_LIMITS, type BlobLimits } from '../../src/ssb/blobs/limits.js';
import { BadBlob } from '../../src/ssb/blobs/receive.js';
import { createLog } from '../../src/support/log.js';
import { endless, inSlices, makeBlob, type TestBlob } from '../support/blobs.js';
import { temporaryFolder } from '../support/relay.js';
import { eventually } from '../support/wait.js';

const run = promisify(execFile);
const KIB = 1024;
const log = createLog({ write: () => undefined, journal: false, verbose: true });

describe('the store of blobs', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function openStore(limits: Partial<BlobLimits> = {}): Promise<BlobStore> {
    const store = new BlobStore(join(folder, 'blobs'), { ...BLOB_LIMITS, ...limits }, log);
    await store.open();
    return store;
  }

  function take(store: BlobStore, { id, bytes }: TestBlob): Promise<void> {
    return store.receive(() => inSlices(bytes), id, bytes.length);
  }

  function held(store: BlobStore, blobs: TestBlob[]): boolean[] {
    return blobs.map(({ id }) => store.sizeOf(id) !== undefined);
  }

  function fileOf({ id }: TestBlob): string {
    const hex = Buffer.from(id.slice(1, 45), 'base64').toString('hex');
    return join(folder, 'blobs', 'sha256', hex.slice(0, 2), hex.slice(2));
  }

  function leftovers(): string[] {
    return readdirSync(join(folder, 'blobs', 'incoming'));
  }

  const isFault = (fault: string) => (error: unknown) =>
    error instanceof BadBlob && error.fault === fault;

  it('keeps a blob where a stock server looks for it, for nobody else to read', async () => {
    const store = await openStore();
    const blob = makeBlob(70 * KIB);
    await take(store, blob);
    const file = fileOf(blob);
    assert.equal(store.use(blob.id), file);
    assert.equal(statSync(file).size, 70 * KIB);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(store.held, { count: 1, bytes: 70 * KIB });
    assert.deepEqual(leftovers(), []);
  });

  it('throws away what is not the blob that was asked for', async () => {
    const store = await openStore();
    const blob = makeBlob(10 * KIB);
    const other = makeBlob(10 * KIB);
    const wrong = store.receive(() => inSlices(other.bytes), blob.id, 10 * KIB);
    await assert.rejects(wrong, isFault('wrong-hash'));
    assert.deepEqual([store.sizeOf(blob.id), store.sizeOf(other.id)], [undefined, undefined]);
    assert.deepEqual(leftovers(), []);
  });

  it('stops a stream that brings more than was promised, however long it is', async () => {
    const store = await openStore();
    const stream = endless();
    const long = store.receive(() => stream.source, makeBlob(1).id, 100 * KIB);
    await assert.rejects(long, isFault('too-long'));
    assert.ok(stream.stopped());
    assert.ok(stream.sent() <= 128 * KIB, `${stream.sent()} bytes were taken`);
    assert.deepEqual(leftovers(), []);
  });

  it('takes nothing that is shorter, breaks off, stands still or is no bytes', async () => {
    const patient = await openStore();
    const hasty = await openStore({ stallMs: 100 });
    const { id, bytes } = makeBlob(50 * KIB);
    const refused = async (source: Source<unknown>, fault: string, store = patient) => {
      await assert.rejects(
        store.receive(() => source, id, bytes.length),
        isFault(fault),
      );
      assert.deepEqual(leftovers(), []);
    };
    await refused(inSlices(bytes.subarray(0, 40 * KIB)), 'wrong-hash');
    await refused((_abort, cb) => cb(new Error('the peer is gone')), 'broken-off');
    await refused((abort, cb) => abort && cb(abort), 'stalled', hasty);
    await refused((abort, cb) => cb(abort, { not: 'bytes' }), 'no-bytes');
    assert.deepEqual([patient.held.count, hasty.held.count], [0, 0]);
  });

  it('takes a slow blob, but none that would hold its place for hours', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const store = await openStore();
    const minutes = { stood: 0 };
    /** A slice in each two minutes, which is how often it is looked at. */
    const slowly = ({ id, bytes }: TestBlob, slice: number) => {
      let at = 0;
      const source: Source<Buffer> = (abort, cb) => {
        if (abort || at >= bytes.length) {
          cb(abort || true);
          return;
        }
        if (at > 0) {
          minutes.stood += 2;
          t.mock.timers.tick(2 * 60_000);
        }
        const from = at;
        at += slice;
        setImmediate(() => cb(null, bytes.subarray(from, at)));
      };
      minutes.stood = 0;
      return store.receive(() => source, id, bytes.length);
    };
    const blob = makeBlob(5 * KIB * KIB);
    await assert.rejects(slowly(blob, 16 * KIB), isFault('stalled'));
    assert.ok(minutes.stood <= 4, `it was thrown away after ${minutes.stood} minutes`);
    await slowly(blob, 256 * KIB);
    assert.ok(minutes.stood >= 30, `it took ${minutes.stood} minutes`);
    assert.deepEqual(held(store, [blob]), [true]);
  });

  it('lets the least recently used blob go first when the quota is used up', async () => {
    const store = await openStore({ totalBytes: 250 * KIB });
    const blobs = [makeBlob(100 * KIB), makeBlob(100 * KIB), makeBlob(100 * KIB)];
    const [first, second, third] = blobs as [TestBlob, TestBlob, TestBlob];
    await take(store, first);
    await take(store, second);
    const file = store.use(first.id);
    await take(store, third);
    assert.deepEqual(held(store, blobs), [true, false, true]);
    assert.ok(existsSync(file));
    assert.equal(store.held.bytes, 200 * KIB);
  });

  it('keeps a pinned blob whatever the quota says', async () => {
    const store = await openStore({ totalBytes: 250 * KIB });
    const blobs = [makeBlob(100 * KIB), makeBlob(100 * KIB), makeBlob(100 * KIB)];
    store.pin(blobs[0]?.id ?? assert.fail());
    for (const blob of blobs) await take(store, blob);
    assert.deepEqual(held(store, blobs), [true, false, true]);
  });

  it('knows after a restart what it has, and which was used last', async () => {
    const before = await openStore({ saveUseMs: 0 });
    const blobs = [makeBlob(100 * KIB), makeBlob(100 * KIB), makeBlob(100 * KIB)];
    for (const blob of blobs) await take(before, blob);
    const { mtimeMs: newest } = statSync(fileOf(blobs[2] ?? assert.fail()));
    // When they were used is written behind our back, each at its own time.
    for (const blob of [blobs[1], blobs[0]]) {
      const file = before.use(blob?.id ?? assert.fail());
      await eventually('its time', () => statSync(file).mtimeMs > newest || undefined);
    }
    const after = await openStore({ totalBytes: 250 * KIB });
    assert.deepEqual(held(after, blobs), [true, true, false]);
    assert.equal(after.held.bytes, 200 * KIB);
  });

  it('clears away after a crash what had not come whole', async () => {
    const incoming = join(folder, 'blobs', 'incoming');
    mkdirSync(incoming, { recursive: true });
    writeFileSync(join(incoming, '1'), 'half a blob');
    await openStore();
    assert.deepEqual(leftovers(), []);
  });

  it('does not take a blob whose last bytes found no room on the disk', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root may mount a small disk');
    const disk = join(folder, 'blobs');
    mkdirSync(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    try {
      const store = await openStore();
      const blob = makeBlob(400 * KIB);
      await assert.rejects(take(store, blob), { code: 'ENOSPC' });
      assert.equal(store.sizeOf(blob.id), undefined);
      assert.deepEqual(leftovers(), []);
      await take(store, makeBlob(100 * KIB));
      assert.equal(store.held.count, 1);
    } finally {
      await run('umount', [disk]);
    }
  });
});
