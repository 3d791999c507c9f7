import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asOnionHost } from '../../src/support/onion-host.js';
import { Descriptors } from '../../src/tor/descriptors.js';
import { type DescriptorEvent, parseBootstrap, parseEvent } from '../../src/tor/events.js';

const ADDRESS = '5j7x27weg7v7cidchx5bkd5lnbx6facvydny74tftnf26ibbl63qxgad';
const HOST = asOnionHost(`${ADDRESS}.onion`);
const D1 = 'A'.repeat(40);
const D2 = 'B'.repeat(40);

/** @returns the event that Tor 0.4.9.11 sends for a step of an upload */
function upload(step: string, directory: string, id = ''): DescriptorEvent {
  const tail = id === '' ? '' : ` ${id} HSDIR_INDEX=00`;
  const event = parseEvent('HS_DESC', [`${step} ${ADDRESS} UNKNOWN $${directory}~n1${tail}`]);
  assert.ok(event?.kind === 'descriptor');
  return event;
}

test('bootstrap keeps its number and its words, equals signs and quotes included', () => {
  const line = 'NOTICE BOOTSTRAP PROGRESS=45 TAG=x SUMMARY="a=b \\"c\\" PROGRESS=9"';
  assert.deepEqual(parseBootstrap(line), {
    kind: 'bootstrap',
    progress: 45,
    summary: 'a=b "c" PROGRESS=9',
  });
});

test('a bootstrap warning counts only when Tor advises to warn', () => {
  const line = 'WARN BOOTSTRAP PROGRESS=5 SUMMARY="s" WARNING="No route to host" COUNT=9';
  const warningOf = (advice: string) => parseBootstrap(`${line} RECOMMENDATION=${advice}`)?.warning;
  assert.equal(warningOf('ignore'), undefined);
  assert.equal(warningOf('warn'), 'No route to host');
});

test('clock skew is a number of seconds, and only a trusted source is believed', () => {
  const skew = (line: string) => parseEvent('STATUS_GENERAL', [line]);
  assert.deepEqual(skew('WARN CLOCK_SKEW SKEW=-259200 MIN_SKEW=-3600 SOURCE=CONSENSUS'), {
    kind: 'clock-skew',
    seconds: -259_200,
  });
  assert.equal(skew('NOTICE CLOCK_SKEW SKEW=-259200 SOURCE=OR:127.0.0.1:9001'), undefined);
  assert.equal(skew('WARN CLOCK_SKEW SKEW=soon'), undefined);
});

test('a switched network is seen in CONF_CHANGED', () => {
  const change = (...lines: string[]) => parseEvent('CONF_CHANGED', ['CONF_CHANGED', ...lines]);
  assert.deepEqual(change('DisableNetwork=1', 'OK'), { kind: 'network-disabled', disabled: true });
  assert.deepEqual(change('DisableNetwork=0', 'OK'), { kind: 'network-disabled', disabled: false });
  assert.equal(change('Log=x', 'OK'), undefined);
});

test('malformed and foreign events mean nothing', () => {
  const id = 'Zmlyc3Q';
  for (const [name, line] of [
    ['HS_DESC', ''],
    ['HS_DESC', `UPLOADED ${ADDRESS.slice(1)} UNKNOWN $${D1}~n`],
    ['HS_DESC', `UPLOADED ${ADDRESS} UNKNOWN n`],
    ['HS_DESC', `UPLOAD ${ADDRESS} UNKNOWN $${D1}~n`],
    ['HS_DESC', `CREATED ${ADDRESS} UNKNOWN UNKNOWN ${id}`],
    ['HS_DESC', `RECEIVED ${ADDRESS} NO_AUTH $${D1}~n ${id}`],
    ['HS_DESC', `FAILED ${ADDRESS} NO_AUTH $${D1}~n ${id} REASON=NOT_FOUND`],
    ['NETWORK_LIVENESS', 'MAYBE'],
    ['STATUS_CLIENT', 'NOTICE BOOTSTRAP PROGRESS=101'],
    ['STATUS_CLIENT', 'NOTICE BOOTSTRAP'],
    ['STATUS_CLIENT', ''],
    ['SOMETHING', 'x'],
  ] as const) {
    assert.equal(parseEvent(name, [line]), undefined, `${name} ${line}`);
  }
  assert.equal(parseEvent('STATUS_CLIENT', []), undefined);
  assert.equal(upload('UPLOADED', D1).host, HOST);
});

test('both descriptors count once each has reached one directory', () => {
  const descriptors = new Descriptors();
  const counts = [
    upload('UPLOAD', D1, 'one'),
    upload('UPLOAD', D2, 'one'),
    upload('UPLOAD', D2, 'two'),
    upload('UPLOADED', D1),
    upload('UPLOADED', D2),
    upload('UPLOADED', D2),
    upload('UPLOADED', D2),
  ].map((event) => {
    descriptors.apply(event);
    return descriptors.uploaded;
  });
  assert.deepEqual(counts, [0, 0, 0, 1, 1, 2, 2]);
});

test('a failed upload and an upload that was never begun confirm nothing', () => {
  const descriptors = new Descriptors();
  assert.equal(descriptors.apply(upload('UPLOADED', D1)), false);
  descriptors.apply(upload('UPLOAD', D1, 'one'));
  assert.equal(descriptors.apply(upload('FAILED', D1)), false);
  assert.equal(descriptors.apply(upload('UPLOADED', D1)), false);
  assert.equal(descriptors.uploaded, 0);
});

test('a new time period brings a new descriptor, and the oldest no longer counts', () => {
  const descriptors = new Descriptors();
  for (const id of ['one', 'two']) {
    descriptors.apply(upload('UPLOAD', D1, id));
    descriptors.apply(upload('UPLOADED', D1));
  }
  assert.equal(descriptors.uploaded, 2);
  descriptors.apply(upload('UPLOAD', D1, 'two'));
  assert.equal(descriptors.uploaded, 2, 'a repeated upload changes nothing');
  descriptors.apply(upload('UPLOAD', D1, 'three'));
  assert.equal(descriptors.uploaded, 1);
  descriptors.apply(upload('UPLOADED', D1));
  descriptors.apply(upload('UPLOADED', D1));
  assert.equal(descriptors.uploaded, 2);
});
