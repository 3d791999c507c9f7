import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { apply, type Step } from '../../src/update/apply.js';
import { Notes } from '../../src/update/notes.js';
import { receive } from '../../src/update/receive.js';
import { settle } from '../../src/update/settle.js';
import { FakeCard, layVersion, type Making, picture } from '../support/update-kit.js';

const CHILD = fileURLToPath(new URL('../support/update-child.js', import.meta.url));
// As update/main.ts sets it, which the modes of what is unpacked rest on.
process.umask(0o022);

let card: FakeCard;
let notes: Notes;
beforeEach(() => {
  card = new FakeCard();
  notes = new Notes(card.places.spool);
});
afterEach(() => card.remove());

async function ask(version: string, making: Making = {}, allowDowngrade = false) {
  await receive(createReadStream(await card.bundle(version, making)), allowDowngrade, card.tools());
}

async function install(version: string, making: Making = {}, allowDowngrade = false) {
  await ask(version, making, allowDowngrade);
  return apply(card.tools());
}

const onCard = () => readdirSync(card.places.home).sort();

/** A version on the card is exactly what its bundle was made of. */
function assertWhole(version: string): void {
  const folder = join(card.root, 'wanted', version);
  layVersion(folder, version);
  assert.deepEqual(picture(join(card.places.home, version)), picture(folder));
}

test('an update is unpacked whole, switched to, and the version before is kept', async () => {
  assert.deepEqual(await install('1.1.0'), { result: 'updated', from: '1.0.0', to: '1.1.0' });
  assertWhole('1.1.0');
  assert.equal(card.link('current'), '1.1.0');
  assert.equal(card.link('previous'), '1.0.0');
  assert.deepEqual(card.restarts, ['1.1.0']);
  assert.deepEqual(onCard(), ['1.0.0', '1.1.0', 'current', 'previous']);
  assert.deepEqual(readdirSync(card.places.spool), ['outcome.json']);
});

test('of three versions the oldest goes', async () => {
  await install('1.1.0');
  await install('1.2.0');
  assert.deepEqual(onCard(), ['1.1.0', '1.2.0', 'current', 'previous']);
});

test('a version that does not become ready is gone back from', async () => {
  const earlier = picture(card.places.home);
  card.sound.delete('1.1.0');
  const outcome = await install('1.1.0');
  assert.equal(outcome?.result, 'went back');
  assert.equal(outcome?.code, 'UPDATE_WENT_BACK');
  assert.match(outcome?.message ?? '', /1\.1\.0 did not become ready .* back to 1\.0\.0/);
  assert.deepEqual(card.restarts, ['1.1.0', '1.0.0']);
  assert.deepEqual(picture(card.places.home), earlier);
  assert.deepEqual(await notes.outcome(), outcome);
});

test('after going back the older version is still kept, and the same update can be tried again', async () => {
  await install('1.1.0');
  card.sound.delete('1.2.0');
  assert.equal((await install('1.2.0'))?.result, 'went back');
  assert.equal(card.link('previous'), '1.0.0');
  card.sound.add('1.2.0');
  assert.equal((await install('1.2.0'))?.result, 'updated');
});

test('when the version before is not ready either, that is said', async () => {
  card.sound.clear();
  assert.match((await install('1.1.0'))?.hint ?? '', /not ready either/);
  assert.equal(card.link('current'), '1.0.0');
});

test('a relay that cannot be restarted is gone back from', async () => {
  await ask('1.1.0');
  const tools = card.tools();
  const relay = { ...tools.relay, restart: () => Promise.reject(new Error('no systemd')) };
  assert.equal((await apply({ ...tools, relay }))?.result, 'went back');
  assert.equal(card.link('current'), '1.0.0');
});

test('the trial is marked as long as it is open', async () => {
  await ask('1.1.0');
  const tools = card.tools();
  const during: (string | undefined)[] = [];
  const waitReady = async () => {
    during.push(card.link('current'), card.link('trial'));
    return true;
  };
  await apply({ ...tools, relay: { ...tools.relay, waitReady } });
  assert.deepEqual(during, ['1.1.0', '1.0.0']);
  assert.equal(card.link('trial'), undefined);
});

test('what installs believes nobody: a bundle changed in the spool is refused', async () => {
  await ask('1.1.0');
  const bytes = readFileSync(notes.bundle);
  bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
  writeFileSync(notes.bundle, bytes);
  const earlier = picture(card.places.home);
  assert.equal((await apply(card.tools()))?.code, 'BUNDLE_DAMAGED');
  assert.deepEqual(picture(card.places.home), earlier);
  assert.deepEqual(card.restarts, []);
});

test('a card that has filled up in between is left as it is', async () => {
  await ask('1.1.0');
  card.free = 1;
  assert.equal((await apply(card.tools()))?.code, 'NO_ROOM');
  assert.deepEqual(onCard(), ['1.0.0', 'current']);
});

test('a bundle without a part that every version has is refused', async () => {
  for (const without of ['dist/src/main.js', 'dist/src/update/main.js', 'torrc/snug.torrc']) {
    assert.equal((await install('1.1.0', { without }))?.code, 'RELEASE_BROKEN', without);
  }
  assert.deepEqual(onCard(), ['1.0.0', 'current']);
});

test('--back goes to the version before, and can be taken back', async () => {
  await install('1.1.0');
  await notes.ask({ action: 'back' });
  assert.deepEqual(await apply(card.tools()), { result: 'updated', from: '1.1.0', to: '1.0.0' });
  assert.equal(card.link('previous'), '1.1.0');
  await notes.ask({ action: 'back' });
  assert.equal((await apply(card.tools()))?.to, '1.1.0');
});

test('--back to a version that does not become ready ends where it began', async () => {
  await install('1.1.0');
  card.sound.delete('1.0.0');
  await notes.ask({ action: 'back' });
  assert.equal((await apply(card.tools()))?.result, 'went back');
  assert.deepEqual([card.link('current'), card.link('previous')], ['1.1.0', '1.0.0']);
});

test('--back to a version that cannot read the data is refused', async () => {
  await install('1.1.0', { state: { reads: 1, writes: 1 } });
  layVersion(join(card.places.home, '1.0.0'), '1.0.0', { state: { reads: 0, writes: 0 } });
  await notes.ask({ action: 'back' });
  assert.equal((await apply(card.tools()))?.code, 'STATE_FORMAT');
  assert.equal(card.link('current'), '1.1.0');
});

test('--back without a version before says so', async () => {
  await notes.ask({ action: 'back' });
  assert.equal((await apply(card.tools()))?.code, 'NO_PREVIOUS');
});

test('a downgrade that was asked for replaces the version of that name', async () => {
  await install('1.1.0');
  writeFileSync(join(card.places.home, '1.0.0', 'tool'), 'damaged on the card');
  assert.equal((await install('1.0.0', {}, true))?.result, 'updated');
  assertWhole('1.0.0');
  assert.equal(card.link('previous'), '1.1.0');
});

test('without a request nothing happens', async () => {
  assert.equal(await apply(card.tools()), undefined);
  assert.deepEqual(card.steps, []);
});

test('what an update killed while unpacking has left is no obstacle', async () => {
  mkdirSync(join(card.places.home, '.new-1.1.0', 'dist'), { recursive: true });
  writeFileSync(join(card.places.home, '.new-1.1.0', 'dist', 'half'), 'x');
  assert.equal((await install('1.1.0'))?.result, 'updated');
  assertWhole('1.1.0');
});

test('settling where no update is open does nothing', async () => {
  assert.equal(await settle(card.places, card.tools().relay), undefined);
  assert.deepEqual(card.restarts, []);
});

/** Power comes back: the boot unit, then whatever the operator does. */
const KILLS: readonly (readonly [Step, 'sound' | 'broken', current: string])[] = [
  ['check', 'sound', '1.0.0'],
  ['unpack', 'sound', '1.0.0'],
  ['adopt', 'sound', '1.0.0'],
  ['switch', 'sound', '1.0.0'],
  ['restart', 'sound', '1.0.0'],
  ['confirm', 'sound', '1.0.0'],
  ['sweep', 'sound', '1.1.0'],
  ['back', 'broken', '1.0.0'],
];
for (const [step, health, current] of KILLS) {
  test(`killed before "${step}", the card comes up with ${current}, whole, and takes the update again`, async () => {
    await ask('1.1.0');
    const { signal } = spawnSync(process.execPath, [CHILD, card.root, step, health]);
    assert.equal(signal, 'SIGKILL');
    const open = card.link('trial') !== undefined;
    assert.equal(open, ['restart', 'confirm', 'back'].includes(step));
    const outcome = await settle(card.places, card.tools().relay);
    assert.equal(outcome?.code, open ? 'UPDATE_WENT_BACK' : undefined);
    assert.equal(card.link('current'), current);
    assert.equal(card.link('trial'), undefined);
    assertWhole(current);
    assert.deepEqual(card.restarts, open ? [current] : []);
    if (current === '1.1.0') return;
    assert.equal((await install('1.1.0'))?.result, 'updated');
    assert.deepEqual(onCard(), ['1.0.0', '1.1.0', 'current', 'previous']);
  });
}
