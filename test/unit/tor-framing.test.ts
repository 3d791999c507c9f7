import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '../../src/support/errors.js';
import { ReplyFramer } from '../../src/tor/framing.js';

const TEXT = [
  '250-version=0.4.9.11',
  '250+config-text=',
  '..a line that begins with a dot',
  '250 OK looks like an end',
  '.',
  '250 OK',
  '650 HS_DESC UPLOADED x',
  '552 Unknown circuit "5"',
  '',
].join('\r\n');
const WHOLE = [
  {
    code: '250',
    lines: [
      'version=0.4.9.11',
      'config-text=\n.a line that begins with a dot\n250 OK looks like an end',
      'OK',
    ],
  },
  { code: '650', lines: ['HS_DESC UPLOADED x'] },
  { code: '552', lines: ['Unknown circuit "5"'] },
];

function failsWith(bytes: string | Buffer): void {
  const framer = new ReplyFramer();
  assert.throws(
    () => framer.push(Buffer.from(bytes)),
    (error) => codeOf(error) === 'CONTROL_PROTOCOL',
  );
}

test('replies come out whole wherever the bytes were split', () => {
  const bytes = Buffer.from(TEXT);
  for (let at = 0; at <= bytes.length; at += 1) {
    const framer = new ReplyFramer();
    const replies = [...framer.push(bytes.subarray(0, at)), ...framer.push(bytes.subarray(at))];
    assert.deepEqual(replies, WHOLE, `split at byte ${at}`);
  }
});

test('replies come out whole when each byte comes alone', () => {
  const framer = new ReplyFramer();
  const replies = [...Buffer.from(TEXT)].flatMap((byte) => framer.push(Buffer.from([byte])));
  assert.deepEqual(replies, WHOLE);
});

test('what is no reply is refused', () => {
  for (const bytes of [
    'hello\r\n',
    '\r\n',
    '25 OK\r\n',
    '250OK\r\n',
    '150 OK\r\n',
    '350 OK\r\n',
    '250 OK\n',
    '250 O\rK\r\n',
    '250 O\0K\r\n',
    '250-a=b\r\n650 STATUS_CLIENT x\r\n',
    Buffer.from([0, 255, 10]),
  ]) {
    failsWith(bytes);
  }
});

test('a line without end, a long line and a large reply are cut off', () => {
  failsWith('x'.repeat(64 * 1024));
  failsWith(`250 ${'x'.repeat(64 * 1024)}\r\n`);
  failsWith('250-x=y\r\n'.repeat(60_000));
  failsWith(`250+x=\r\n${'\r\n'.repeat(300_000)}`);
});

test('many replies in a row do not count as a large one', () => {
  const framer = new ReplyFramer();
  for (let count = 0; count < 1000; count += 1) {
    assert.equal(framer.push(Buffer.from(`650 A ${'x'.repeat(1000)}\r\n`)).length, 1);
  }
});
