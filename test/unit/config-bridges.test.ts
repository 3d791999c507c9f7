import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../src/config/load-config.js';
import { ConfigError } from '../../src/config/problems.js';
import { isPublicKey } from '../../src/config/ssh-key.js';

const folder = mkdtempSync(join(tmpdir(), 'snug-config-'));
after(() => rmSync(folder, { recursive: true }));
const FINGERPRINT = '0123456789ABCDEF0123456789ABCDEF01234567';
const CERT = `cert=${'aB3/+'.repeat(14)}`;
const OBFS4 = `obfs4 192.0.2.7:443 ${FINGERPRINT} ${CERT} iat-mode=0`;
const SNOWFLAKE =
  `snowflake 192.0.2.3:80 ${FINGERPRINT} fingerprint=${FINGERPRINT} ` +
  'url=https://broker.example.org/ fronts=a.example.org,b.example.org ' +
  'ice=stun:stun.example.org:3478,stun:stun.example.net:3478 utls-imitate=hellorandomizedalpn';

function load(lines: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(folder, 'snug.toml');
  writeFileSync(file, lines);
  const places = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };
  return loadConfig({ file, env: { ...places, ...env } });
}

function problems(lines: string) {
  try {
    load(lines);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('bridges are taken as they are handed out, with or without the word of a torrc', () => {
  const plain = ['198.51.100.9:9001', `[2001:db8::7]:443 ${FINGERPRINT.toLowerCase()}`];
  const given = [OBFS4, `  Bridge  ${OBFS4.replace(' ', '  ')} `, SNOWFLAKE, ...plain];
  const { bridges } = load(`[tor]\nbridges = ${JSON.stringify(given)}\n`).tor;
  assert.deepEqual(bridges, [OBFS4, OBFS4, SNOWFLAKE, ...plain]);
});

for (const [what, line, words] of [
  [
    'another kind',
    `webtunnel 192.0.2.7:443 ${FINGERPRINT} url=https://a`,
    /kind obfs4 or snowflake/,
  ],
  ['no port', `obfs4 192.0.2.7 ${FINGERPRINT} ${CERT}`, /an address with its port/],
  ['a name for an address', `obfs4 example.org:443 ${FINGERPRINT} ${CERT}`, /an address with/],
  ['a port out of range', `obfs4 192.0.2.7:70000 ${FINGERPRINT} ${CERT}`, /an address with its/],
  ['a short fingerprint', `obfs4 192.0.2.7:443 0123 ${CERT}`, /the bridge's fingerprint, 40/],
  ['no certificate', `obfs4 192.0.2.7:443 ${FINGERPRINT} iat-mode=0`, /also cert=/],
  ['a broker that is missing', `snowflake 192.0.2.3:80 ${FINGERPRINT}`, /also the url=/],
  ['two bridges in one', `${OBFS4} ${OBFS4}`, /each bridge is a text of its own/],
  ['a second line', `${OBFS4}\nNoExec 0`, /one line of letters/],
  ['a comment', `${OBFS4} # home`, /one line of letters/],
  ['a novel', `${OBFS4} x=${'y'.repeat(1000)}`, /at most 1000 characters/],
] as const) {
  test(`a bridge with ${what} is refused with its line and what is wrong`, () => {
    const list = JSON.stringify([SNOWFLAKE, line]);
    const [problem, ...others] = problems(`# first\n[tor]\nbridges = ${list}\n`);
    assert.deepEqual(others, []);
    assert.equal(problem?.key, 'tor.bridges.2');
    assert.equal(problem.line, 3);
    assert.match(problem.allowed, words);
  });
}

test('what is no list, and more than 16 bridges, are refused', () => {
  for (const value of ['"x"', '[1]', JSON.stringify(Array.from({ length: 17 }, () => OBFS4))]) {
    assert.match(problems(`[tor]\nbridges = ${value}\n`)[0]?.allowed ?? '', /a list of at most 16/);
  }
});

test('Tor is a unit where the unit of the relay says so, unless the file says otherwise', () => {
  const unit = { SNUG_TOR_LAUNCH: 'unit' };
  assert.equal(load('').tor.launch, 'child');
  assert.equal(load('', { SNUG_TOR_LAUNCH: '' }).tor.launch, 'child');
  assert.equal(load('', unit).tor.launch, 'unit');
  assert.equal(load('[tor]\nlaunch = "child"\n', unit).tor.launch, 'child');
  assert.equal(problems('[tor]\nlaunch = "service"\n')[0]?.line, 2);
});

const DATA = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

test("without a key there is no ssh; with one, the socket is the card's or the named one", () => {
  assert.equal(load('[ssh]\nsocket = "/run/x"\n').tor.ssh, undefined);
  const keys = `[ssh]\nkeys = ["ssh-ed25519 ${DATA} ada@laptop"]\n`;
  assert.equal(load(keys).tor.ssh, '/run/snug-ssh/ssh.sock');
  assert.equal(load(`${keys}socket = "/run/x"\n`).tor.ssh, '/run/x');
});

test('a public key is told from everything that is none', () => {
  assert.ok(isPublicKey(`ssh-ed25519 ${DATA}`));
  assert.ok(isPublicKey(`ssh-ed25519 ${DATA} Ada's laptop, the old one`));
  for (const text of [
    '',
    DATA,
    `ssh-rsa ${DATA}`,
    `ssh-dss ${DATA}`,
    `command="sh" ssh-ed25519 ${DATA}`,
    `ssh-ed25519 ${DATA.slice(0, 40)}`,
    `ssh-ed25519 ${DATA}\nssh-ed25519 ${DATA}`,
    'ssh-ed25519 AAAA',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
  ]) {
    assert.equal(isPublicKey(text), false, text);
  }
});
