import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { codeOf, hintOf } from '../../src/support/errors.js';
import { asOnionHost } from '../../src/support/onion-host.js';
import type { TorTimings } from '../../src/tor/timings.js';
import type { Tor, TorOptions } from '../../src/tor/tor.js';
import { isGone, statusThat, torKit } from '../support/tor-kit.js';
import { TorUnit, unitPlaces } from '../support/tor-unit.js';
import { eventually } from '../support/wait.js';

const { signal } = new AbortController();

/** Tors of the room on the same folders, whose process is somebody else's, who waits for a torrc. */
async function unitKit(t: TestContext, options: Partial<TorOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'snug-tor-'));
  const places = unitPlaces(folder);
  const { state, sockets, home, handover } = places;
  await mkdir(handover, { mode: 0o750 });
  const unit = new TorUnit({ folder });
  const tors: Tor[] = [];
  t.after(async () => {
    for (const tor of tors) await tor.stop();
    await unit.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const another = async (timings: Partial<TorTimings> = {}) => {
    const own = { folder: join(state, 'tor'), run: sockets, unit: { handover, home } };
    const kit = await torKit(t, { ...own, ...options }, timings);
    tors.push(kit.tor);
    return kit;
  };
  return { ...(await another()), ...places, unit, another };
}

test('a torrc handed over starts Tor, which has the key that the relay keeps', async (t) => {
  const { tor, unit, state, home, handover } = await unitKit(t);
  await tor.start(signal);
  assert.equal(asOnionHost(tor.host), tor.host);
  assert.equal(tor.status().state, 'offline');
  assert.equal(tor.status().pid, unit.pid);
  assert.match(tor.status().version ?? '', /^0\.\d+\.\d+/);
  const own = join(state, 'tor', 'onion');
  for (const folder of [own, join(home, 'onion')]) {
    assert.equal(await readFile(join(folder, 'hostname'), 'utf8'), `${tor.host}\n`);
    assert.equal((await stat(join(folder, 'hs_ed25519_secret_key'))).mode & 0o777, 0o600);
  }
  const publicKey = 'hs_ed25519_public_key';
  assert.deepEqual(
    await readFile(join(own, publicKey)),
    await readFile(join(home, 'onion', publicKey)),
  );
  assert.equal((await stat(join(handover, 'onion.key'))).mode & 0o777, 0o640);
  assert.equal((await stat(join(handover, 'torrc'))).mode & 0o777, 0o640);
});

test('stopping asks Tor to end, and a later start has the same host', async (t) => {
  const { tor, unit, another } = await unitKit(t);
  await tor.start(signal);
  const { host } = tor;
  const { pid = 0 } = unit;
  await tor.stop();
  await eventually('the end of Tor', async () => ((await isGone(pid)) ? true : undefined), 30_000);
  const again = await another();
  await again.tor.start(signal);
  assert.equal(again.tor.host, host);
  assert.equal(unit.starts, 2);
});

test('a Tor that is killed is started once more by the same torrc', async (t) => {
  const { tor, unit } = await unitKit(t);
  await tor.start(signal);
  await tor.goOnline();
  const { host } = tor;
  const { pid } = unit;
  process.kill(pid ?? 0, 'SIGKILL');
  const back = await statusThat(tor, ({ state, restarts }) => {
    return restarts > 0 && state === 'bootstrapping';
  });
  assert.equal(back.host, host);
  assert.notEqual(back.pid, pid);
});

test('a restart ends that Tor and has another one started', async (t) => {
  const { tor, unit } = await unitKit(t);
  await tor.start(signal);
  await tor.goOnline();
  const { host } = tor;
  const { pid = 0 } = unit;
  await tor.newCircuits();
  await tor.reload();
  assert.equal(unit.pid, pid, 'circuits and torrc: the same Tor');
  await tor.restart();
  const back = await statusThat(tor, ({ state, restarts }) => {
    return restarts > 0 && state === 'bootstrapping';
  });
  assert.equal(back.host, host);
  assert.notEqual(back.pid, pid);
  assert.equal(await isGone(pid), true);
});

test('a Tor that an earlier relay left behind is ended and started with the new torrc', async (t) => {
  const { unit, another } = await unitKit(t);
  // A relay that hangs: it keeps its connection and does nothing about losing it.
  const { tor } = await another({ retryFirst: 600_000 });
  await tor.start(signal);
  const { pid = 0 } = unit;
  const second = await another();
  await second.tor.start(signal);
  assert.equal(await isGone(pid), true);
  assert.equal(second.tor.host, tor.host);
  assert.equal(second.tor.status().pid, unit.pid);
});

test('nobody who starts Tor: the start fails with where to look', async (t) => {
  const { unit, another } = await unitKit(t);
  await unit.stop();
  const { tor } = await another({ launch: 300, look: 50 });
  await assert.rejects(tor.start(signal), (error) => {
    assert.equal(codeOf(error), 'TOR_SILENT');
    assert.match(hintOf(error) ?? '', /snug-tor\.service/);
    return true;
  });
});

test('without the folder between the two the start fails at once', async (t) => {
  const { tor, handover } = await unitKit(t);
  await rm(handover, { recursive: true });
  await assert.rejects(tor.start(signal), (error) => codeOf(error) === 'TOR_BAD_FOLDER');
});

test("a key that is no key is refused, not replaced: the address would be another's", async (t) => {
  const { tor, state } = await unitKit(t);
  const own = join(state, 'tor', 'onion');
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'hs_ed25519_secret_key'), 'half a k');
  await assert.rejects(tor.start(signal), (error) => codeOf(error) === 'TOR_BAD_KEY');
});

for (const launch of ['child', 'unit'] as const) {
  test(`ssh gets an onion of its own, for one client, as a ${launch}`, async (t) => {
    const ssh = '/run/snug-ssh/ssh.sock';
    const kit = launch === 'unit' ? await unitKit(t, { ssh }) : await torKit(t, { ssh });
    await kit.tor.start(signal);
    const access = kit.tor.ssh;
    assert.equal(asOnionHost(access?.host ?? ''), access?.host);
    assert.notEqual(access?.host, kit.tor.host);
    assert.match(access?.clientKey ?? '', /^[A-Z2-7]{52}$/);
    const home = 'home' in kit ? kit.home : join(kit.folder, 'tor');
    const authorized = join(String(home), 'ssh', 'authorized_clients', 'operator.auth');
    assert.match(await readFile(authorized, 'utf8'), /^descriptor:x25519:[A-Z2-7]{52}\n$/);
    assert.equal(
      await readFile(join(String(home), 'ssh', 'hostname'), 'utf8'),
      `${access?.host}\n`,
    );
    assert.ok(!kit.lines.some((line) => line.includes(access?.clientKey ?? '?')));
  });
}
