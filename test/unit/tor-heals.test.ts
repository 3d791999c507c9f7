import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Control } from '../../src/tor/control.js';
import type { TorTimings } from '../../src/tor/timings.js';
import { HostileControl } from '../support/hostile-control.js';
import { fakeTor, statusThat, temporaryFolder, torKit } from '../support/tor-kit.js';

const { signal } = new AbortController();

async function published(t: TestContext, mode: string, timings: Partial<TorTimings> = {}) {
  const binary = await fakeTor(await temporaryFolder(t), mode);
  const kit = await torKit(t, { binary }, timings);
  await kit.tor.start(signal);
  await kit.tor.goOnline();
  await statusThat(kit.tor, ({ state }) => state === 'published');
  return kit;
}

test('a Tor that hangs while nothing is asked of it is started anew', async (t) => {
  const { tor, lines } = await published(t, 'hangs', { pulse: 50, command: 5000 });
  await statusThat(tor, ({ restarts }) => restarts >= 1);
  assert.ok(lines.some((line) => /^warning.*did not answer within/.test(line)));
});

test('a Tor that answers is left alone, and not called outdated', async (t) => {
  const { tor, lines } = await published(t, 'publishes', { pulse: 20, command: 30_000 });
  await tor.closeCircuit(44);
  assert.equal(tor.status().outdated, undefined);
  assert.equal(tor.status().restarts, 0);
  assert.ok(!lines.some((line) => line.startsWith('warning')));
});

test('the network advises against this Tor: the status knows', async (t) => {
  const { tor } = await published(t, 'outdated', { pulse: 50 });
  await statusThat(tor, ({ outdated }) => outdated === true);
});

test('restart ends this Tor and starts the next, which is online by itself', async (t) => {
  const { tor, lines } = await published(t, 'publishes');
  const { pid, restarts } = tor.status();
  await tor.restart();
  const later = await statusThat(tor, (status) => {
    return status.state === 'published' && status.restarts === restarts + 1;
  });
  assert.notEqual(later.pid, pid);
  assert.ok(lines.some((line) => /^warning.*Nobody could be reached through this Tor/.test(line)));
});

test('without a running Tor there is nothing to heal, and no error', async (t) => {
  const { tor } = await torKit(t);
  await Promise.all([tor.newCircuits(), tor.reload(), tor.restart()]);
});

test('new circuits and a reload are the signals of the control protocol', async (t) => {
  const server = await HostileControl.open();
  t.after(() => server.close());
  const control = await Control.connect({ path: server.path, events: [], commandMs: 30_000 });
  t.after(() => control.close());
  await control.signal('NEWNYM');
  await control.signal('RELOAD');
  assert.deepEqual(server.commands, ['SIGNAL NEWNYM', 'SIGNAL RELOAD']);
});
