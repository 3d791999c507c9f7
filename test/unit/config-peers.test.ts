import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../src/config/load-config.js';
import { ConfigError } from '../../src/config/problems.js';

const folder = mkdtempSync(join(tmpdir(), 'snug-config-'));
after(() => rmSync(folder, { recursive: true }));
const ENV = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };
const A = 'duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion';
const B = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion';
const key = (n: number) => Buffer.alloc(32, n).toString('base64');
const ALLOWED = 'a relay\'s address as its "snug status" shows it: onion:<host>:<port>~shs:<key>';

function load(content: string) {
  const file = join(folder, 'snug.toml');
  writeFileSync(file, content);
  return loadConfig({ file, env: ENV });
}

function problems(content: string) {
  try {
    load(content);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ line, key, allowed }) => [line, key, allowed]);
  }
  return assert.fail(`accepted: ${content}`);
}

const peer = (address: string, more = '') => `[[peers]]\naddress = "${address}"\n${more}\n`;

test('peers are read, with and without a name', () => {
  const { peers } = load(
    `${peer(`onion:${A.toUpperCase()}:8008~shs:${key(1)}`, 'name = " harbour "')}${peer(`onion:${B}:1~shs:${key(2)}`)}`,
  );
  assert.deepEqual(peers, [
    { name: 'harbour', host: A, port: 8008, id: `@${key(1)}.ed25519`, line: 2 },
    { name: undefined, host: B, port: 1, id: `@${key(2)}.ed25519`, line: 5 },
  ]);
  for (const part of [peers, ...peers]) assert.ok(Object.isFrozen(part));
});

test('an address that is not sound in every part is refused, with its line', () => {
  const short = key(1).slice(4);
  const wrong = [
    '',
    A,
    `onion:${A}:8008`,
    `onion:b${A.slice(1)}:8008~shs:${key(1)}`,
    `onion:expyuzz4wqqyqhjn.onion:8008~shs:${key(1)}`,
    `onion:${A}:0~shs:${key(1)}`,
    `onion:${A}:65536~shs:${key(1)}`,
    `onion:${A}:8008~shs:${short}`,
    `onion:${A}:8008~shs:${key(1).replace('=', '')}`,
    `onion:${A}:8008~shs:${key(1)}:${key(2)}`,
    `net:${A}:8008~shs:${key(1)}`,
    `net:relay.example.org:8008~shs:${key(1)}`,
    `onion:${A}:8008~shs:${key(1)};net:relay.example.org:8008~shs:${key(1)}`,
    ` onion:${A}:8008~shs:${key(1)}`,
  ];
  for (const address of wrong) {
    assert.deepEqual(problems(peer(address)), [[2, 'peers.1.address', ALLOWED]], address);
  }
});

test('every fault of every peer is reported at once, with its line', () => {
  const found = problems(`
[[peers]]
name = "no address"
[[peers]]
address = 5
nmae = "x"
[[peers]]
address = "onion:${A}:8008~shs:${key(1)}"
name = "\\u001b[31m"
[[peers]]
address = "onion:${A}:8009~shs:${key(2)}"
[[peers]]
address = "onion:${B}:8009~shs:${key(2)}"
`);
  const twice = 'each relay once: an earlier entry has the same host or the same key';
  const found2 = found.map(([line, name, allowed]) => [line, name, String(allowed)]);
  assert.deepEqual(found2, [
    [5, 'peers.2.address', ALLOWED],
    [6, 'peers.2.nmae', 'only known keys, in [[peers]]: address, name'],
    [9, 'peers.3.name', '1 to 40 letters, digits, spaces and signs'],
    [11, 'peers.4.address', twice],
    [13, 'peers.5.address', twice],
    [undefined, 'peers.1.address', ALLOWED],
  ]);
});

test('more than 16 peers, and what is no list of tables, are refused', () => {
  const allowed = 'at most 16 tables, each headed [[peers]]';
  const host = (n: number) => ({ 0: A, 1: B })[n % 2] ?? '';
  const many = Array.from({ length: 17 }, (_, n) => peer(`onion:${host(n)}:1~shs:${key(n)}`));
  assert.ok(problems(many.join('')).some(([, name, text]) => name === 'peers' && text === allowed));
  for (const wrong of ['peers = 3', '[peers]', 'peers = "x"']) {
    assert.deepEqual(problems(wrong), [[1, 'peers', allowed]], wrong);
  }
  assert.deepEqual(problems('peers = ["x"]'), [[undefined, 'peers.1', 'a table of keys']]);
  assert.deepEqual(load('peers = []').peers, []);
});

test('a slip in the name of the list is understood', () => {
  const file = join(folder, 'slip.toml');
  writeFileSync(file, '[[peer]]\n');
  assert.throws(() => loadConfig({ file, env: ENV }), /Did you mean \[\[peers\]\]\?/);
});

test("the example's peer has the form that is read", () => {
  const example = readFileSync(new URL('../../../snug.example.toml', import.meta.url), 'utf8');
  const [, entry = ''] = /^((?:#\[\[peers\]\]\n)(?:# {2}.*\n)+)/m.exec(example) ?? [];
  const filled = entry
    .replace(/^# {0,2}/gm, '')
    .replace('<host>.onion', A)
    .replace('<key>=', key(3));
  assert.equal(load(filled).peers[0]?.host, A);
});
