import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/support/log.js';
import { parseOnionHost } from '../../src/support/onion-host.js';
import { TIMINGS } from '../../src/tor/timings.js';
import { Tracker } from '../../src/tor/tracker.js';

const HOST = parseOnionHost('5j7x27weg7v7cidchx5bkd5lnbx6facvydny74tftnf26ibbl63qxgad.onion');
const OTHER = parseOnionHost('gzbfzm5wnyya65tq5ktsrurlhvhbo7bu5y4msr63jehseuhv6s5strad.onion');

/** @returns a tracker whose Tor is online, at 0 % */
function online(stall = TIMINGS.stall) {
  const lines: string[] = [];
  const tracker = new Tracker({
    log: createLog({ write: (line) => lines.push(line), journal: false, verbose: false }),
    now: () => 1_700_000_000_000,
    timings: { ...TIMINGS, stall },
    changed: () => {},
  });
  tracker.starting();
  tracker.running({ host: HOST, version: '0.4.9.11', pid: 1 });
  assert.equal(tracker.status().state, 'offline');
  tracker.online();
  const warnings = () => lines.filter((line) => line.startsWith('warning'));
  return { tracker, warnings };
}

const done = { kind: 'bootstrap', progress: 100, summary: 'Done' } as const;
const step = (name: 'upload' | 'uploaded' | 'failed', id?: string, host = HOST) =>
  ({ kind: 'descriptor', step: name, host, directory: 'A', ...(id && { id }) }) as const;

function publish(tracker: Tracker): void {
  tracker.apply(done);
  for (const id of ['one', 'two']) {
    tracker.apply(step('upload', id));
    tracker.apply(step('uploaded'));
  }
}

test('the states come in their order', () => {
  const { tracker } = online();
  assert.equal(tracker.status().state, 'bootstrapping');
  tracker.apply(done);
  assert.equal(tracker.status().state, 'publishing');
  tracker.apply(step('upload', 'one'));
  tracker.apply(step('uploaded'));
  assert.equal(tracker.status().state, 'publishing');
  publish(tracker);
  const status = tracker.status();
  assert.equal(status.state, 'published');
  assert.deepEqual(status.descriptors, { wanted: 2, uploaded: 2, lastUpload: 1_700_000_000_000 });
  tracker.lost({ what: 'gone', hint: 'wait' });
  assert.equal(tracker.status().state, 'restarting');
  assert.equal(tracker.status().problem?.what, 'gone');
  assert.equal(tracker.status().pid, undefined);
  assert.equal(tracker.status().host, HOST);
  tracker.stopped();
  assert.equal(tracker.status().state, 'stopped');
});

test('the descriptors of another service do not count', () => {
  const { tracker } = online();
  tracker.apply(done);
  for (const id of ['one', 'two']) {
    tracker.apply(step('upload', id, OTHER));
    tracker.apply(step('uploaded', undefined, OTHER));
  }
  assert.equal(tracker.status().state, 'publishing');
});

test('it stays published while the next time period brings a new descriptor', () => {
  const { tracker } = online();
  publish(tracker);
  tracker.apply(step('upload', 'three'));
  assert.equal(tracker.status().state, 'published');
  assert.equal(tracker.status().descriptors.uploaded, 1);
});

test('without a network it is not published, and is again with it', () => {
  const { tracker, warnings } = online();
  publish(tracker);
  for (let count = 0; count < 5; count += 1) {
    tracker.apply({ kind: 'network', up: false });
    assert.equal(tracker.status().state, 'publishing');
    assert.match(tracker.status().problem?.what ?? '', /cannot reach the network/);
    tracker.apply({ kind: 'network', up: true });
    assert.equal(tracker.status().state, 'published');
    assert.equal(tracker.status().problem, undefined);
  }
  assert.equal(warnings().length, 1, 'said once, not at each turn');
});

test('a reload takes the service off until it is uploaded again', () => {
  const { tracker } = online();
  publish(tracker);
  tracker.apply({ kind: 'network-disabled', disabled: true });
  tracker.apply({ kind: 'network-disabled', disabled: false });
  assert.equal(tracker.status().state, 'publishing');
  publish(tracker);
  assert.equal(tracker.status().state, 'published');
});

test('clock skew is told in words once, and ends with the jump of the clock', () => {
  const { tracker, warnings } = online();
  for (let count = 0; count < 10; count += 1) {
    tracker.apply({ kind: 'clock-skew', seconds: -259_200 });
    tracker.apply({ kind: 'bootstrap', progress: 40, summary: 'Keys', warning: 'Clock skew' });
  }
  const { clockSkewSeconds, problem, state } = tracker.status();
  assert.equal(clockSkewSeconds, -259_200);
  assert.equal(state, 'bootstrapping');
  assert.match(problem?.what ?? '', /3 days slow/);
  assert.equal(warnings().length, 1);
  tracker.apply({ kind: 'clock-jumped' });
  assert.equal(tracker.status().clockSkewSeconds, undefined);
  assert.equal(tracker.status().problem, undefined);
});

test('silence for too long is a problem, any progress ends it', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { tracker, warnings } = online(120_000);
  t.mock.timers.tick(119_999);
  assert.equal(tracker.status().problem, undefined);
  t.mock.timers.tick(1);
  assert.match(tracker.status().problem?.what ?? '', /no progress for 2 minutes \(0 %/);
  tracker.apply({ kind: 'bootstrap', progress: 5, summary: 'Connecting' });
  assert.equal(tracker.status().problem, undefined);
  t.mock.timers.tick(120_000);
  assert.notEqual(tracker.status().problem, undefined);
  publish(tracker);
  t.mock.timers.tick(1_000_000);
  assert.equal(tracker.status().problem, undefined);
  assert.equal(warnings().length, 1);
});

test('descriptors that nobody renewed for three hours are no longer published', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { tracker } = online();
  publish(tracker);
  t.mock.timers.tick(100 * 60_000);
  tracker.apply(step('upload', 'two'));
  tracker.apply(step('uploaded'));
  t.mock.timers.tick(100 * 60_000);
  assert.equal(tracker.status().state, 'published');
  t.mock.timers.tick(80 * 60_000);
  assert.equal(tracker.status().state, 'publishing');
});
