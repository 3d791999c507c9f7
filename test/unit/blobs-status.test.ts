import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobLine, blobTodo } from '../../src/status/blobs.js';
import { takeSnapshot } from '../../src/status/snapshot.js';
import type { SsbView } from '../../src/status/ssb.js';
import type { TorView } from '../../src/status/tor.js';
import { inWords } from '../../src/status/words.js';

const MIB = 1024 * 1024;
const BLOBS = {
  count: 12,
  bytes: 3.4 * MIB,
  totalBytes: 2000 * MIB,
  wanted: 2,
  fetching: 1,
  pause: undefined,
};
const TOR: TorView = {
  state: 'published',
  bootstrap: { progress: 100, summary: 'Done' },
  descriptors: { wanted: 2, uploaded: 2 },
  restarts: 0,
};
const SSB: SsbView = {
  id: '@x',
  members: 1,
  reach: 1,
  connected: 0,
  peers: [],
  blobs: BLOBS,
  indexed: true,
};

function snapshotWith(blobs: SsbView['blobs']) {
  const rooms = { tor: TOR, ssb: { ...SSB, blobs }, desk: undefined, site: true };
  return takeSnapshot(rooms, { version: '0', uptimeSeconds: 1, ssbAddress: undefined });
}

test('the status says how many blobs there are, and of how much room', () => {
  assert.equal(blobLine(BLOBS), 'Blobs     12 kept, 3.4 of 2000 MB; 2 wanted, 1 on their way');
  assert.deepEqual(blobTodo(BLOBS), []);
  assert.equal(snapshotWith(BLOBS).health, 'well');
});

test('the status says what to do when no blobs are taken in, and is no longer well', () => {
  for (const pause of ['disk-full', 'disk-broken'] as const) {
    const snapshot = snapshotWith({ ...BLOBS, pause });
    assert.equal(snapshot.health, 'degraded');
    assert.ok(snapshot.ready, 'members are still served');
    assert.equal(snapshot.todo.length, 1);
    assert.ok(inWords(snapshot).some((line) => /^To do .*disk/.test(line)));
  }
});
