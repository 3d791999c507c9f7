import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Standing, SystemRelay } from '../../src/update/system-relay.js';
import { parseVersion } from '../../src/update/version.js';

const VERSION = parseVersion('1.1.0');

/** A relay that says one thing after another; `failed` is when systemd gives it up. */
function relayOf(sayings: readonly (Standing | undefined)[], { failed = false, late = 100 } = {}) {
  const calls: string[] = [];
  let looks = 0;
  const relay = new SystemRelay({
    systemctl: async (args) => {
      calls.push(args.join(' '));
      return args[0] === 'is-failed' && !failed ? 1 : 0;
    },
    standing: async () => sayings[Math.min(looks++, sayings.length - 1)],
    now: () => (looks >= late ? 600_000 : 0),
    patience: 600_000,
    pause: 1,
  });
  return { relay, calls, looks: () => looks };
}

test('ready is the new version that says so, not the old one that still runs', async () => {
  const old = { version: '1.0.0', ready: true };
  const early = { version: '1.1.0', ready: false };
  const { relay, looks } = relayOf([old, undefined, early, { version: '1.1.0', ready: true }]);
  assert.equal(await relay.waitReady(VERSION), true);
  assert.equal(looks(), 4);
});

test('after ten minutes without it there is no more waiting', async () => {
  const { relay, looks } = relayOf([undefined], { late: 7 });
  assert.equal(await relay.waitReady(VERSION), false);
  assert.equal(looks(), 7);
});

test('a relay that systemd has given up is not waited for', async () => {
  const { relay, looks } = relayOf([undefined], { failed: true });
  assert.equal(await relay.waitReady(VERSION), false);
  assert.equal(looks(), 1);
});

test('a restart forgets earlier failures and does not wait', async () => {
  const { relay, calls } = relayOf([]);
  await relay.restart();
  assert.deepEqual(calls, ['reset-failed snug.service', 'restart --no-block snug.service']);
});
