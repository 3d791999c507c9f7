import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Backoff } from '../../src/support/backoff.js';
import { codeOf, messageOf } from '../../src/support/errors.js';
import type { TorTimings } from '../../src/tor/timings.js';
import {
  assertNoProcess,
  fakeTor,
  statusThat,
  temporaryFolder,
  torKit,
} from '../support/tor-kit.js';

const { signal } = new AbortController();

async function fakeKit(t: TestContext, mode: string, timings: Partial<TorTimings> = {}) {
  return torKit(t, { binary: await fakeTor(await temporaryFolder(t), mode) }, timings);
}

test('pauses double up to the longest, half of each left to chance', () => {
  const least = new Backoff(1000, 300_000, () => 0);
  const most = new Backoff(1000, 300_000, () => 0.999999);
  const pauses = (backoff: Backoff) => Array.from({ length: 11 }, () => backoff.next());
  assert.deepEqual(pauses(least).slice(0, 4), [1000, 1000, 2000, 4000]);
  assert.deepEqual(pauses(most).slice(0, 4), [1000, 2000, 4000, 8000]);
  assert.equal(most.next(), 300_000);
  assert.equal(least.next(), 150_000);
  most.reset();
  assert.equal(most.next(), 1000);
});

test('Tor is followed from offline to published', async (t) => {
  const { tor } = await fakeKit(t, 'publishes');
  assert.throws(
    () => tor.host,
    (error) => codeOf(error) === 'TOR_NOT_STARTED',
  );
  await tor.start(signal);
  assert.equal(tor.status().state, 'offline');
  await tor.goOnline();
  const status = await statusThat(tor, ({ state }) => state === 'published');
  assert.deepEqual([status.descriptors.wanted, status.descriptors.uploaded], [2, 2]);
  assert.equal(status.bootstrap.progress, 100);
});

test('a Tor that dies comes back online by itself, again and again', async (t) => {
  const { tor } = await fakeKit(t, 'publishes');
  await tor.start(signal);
  await tor.goOnline();
  for (let restarts = 0; restarts < 3; restarts += 1) {
    const { pid } = await statusThat(tor, (status) => {
      return status.state === 'published' && status.restarts === restarts;
    });
    process.kill(pid ?? 0, 'SIGKILL');
  }
  await statusThat(tor, (status) => status.state === 'published' && status.restarts === 3);
});

test('a slow clock and a missing network are words, not failures', async (t) => {
  for (const [mode, words] of [
    ['slow-clock', /3 days slow/],
    ['no-network', /cannot reach the network \(No route to host\)/],
  ] as const) {
    const { tor, lines } = await fakeKit(t, mode);
    await tor.start(signal);
    await tor.goOnline();
    const { state, problem } = await statusThat(tor, (status) => status.problem !== undefined);
    assert.equal(state, 'bootstrapping');
    assert.match(problem?.what ?? '', words);
    assert.equal(lines.filter((line) => words.test(line)).length, 1);
  }
});

test('a hostile control socket fails the start and leaves no process', async (t) => {
  for (const [mode, code, command] of [
    ['deaf', 'CONTROL_TIMEOUT', 300],
    // It does answer, if late on a busy machine.
    ['garbage', 'CONTROL_PROTOCOL', 30_000],
  ] as const) {
    const { tor, folder } = await fakeKit(t, mode, { command });
    await assert.rejects(tor.start(signal), (error) => codeOf(error) === code);
    assert.equal(tor.status().state, 'stopped');
    await assertNoProcess(folder);
  }
});

test('a Tor that ends at once is reported with its last words', async (t) => {
  const { tor } = await fakeKit(t, 'quits');
  await assert.rejects(tor.start(signal), (error) => {
    assert.equal(codeOf(error), 'TOR_EXITED');
    assert.match(messageOf(error), /code 1.*Unknown option "Foo"/);
    return true;
  });
});

test('a Tor that ignores SIGTERM is killed', async (t) => {
  const { tor, folder } = await fakeKit(t, 'stubborn', { stop: 200 });
  await tor.start(signal);
  await tor.stop();
  await assertNoProcess(folder);
});

test('a start that is given up leaves no process, at whatever moment', async (t) => {
  for (const delay of [0, 1, 2]) {
    const { tor, folder } = await fakeKit(t, 'deaf');
    const abort = new AbortController();
    const starting = tor.start(abort.signal);
    const reason = new Error('no longer wanted');
    if (delay === 0) abort.abort(reason);
    else if (delay === 1) setImmediate(() => abort.abort(reason));
    else void cookieIn(folder).then(() => abort.abort(reason));
    await assert.rejects(starting, reason);
    await assertNoProcess(folder);
  }
});

test('stop during a start ends it', async (t) => {
  const { tor, folder } = await fakeKit(t, 'deaf');
  const starting = tor.start(signal);
  const refused = assert.rejects(starting, (error) => codeOf(error) === 'TOR_STOPPED');
  await cookieIn(folder);
  await tor.stop();
  await refused;
  await assertNoProcess(folder);
  await tor.stop();
});

/** Resolves when the fake Tor has started. */
async function cookieIn(folder: string): Promise<void> {
  for (;;) {
    const cookie = await readFile(join(folder, 'run', 'cookie')).catch(() => undefined);
    if (cookie?.length === 32) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
