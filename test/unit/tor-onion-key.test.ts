import assert from 'node:assert/strict';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf } from '../../src/support/errors.js';
import { asOnionHost, encodeBase32, onionHostOf } from '../../src/support/onion-host.js';
import { ensureClientKeys, serviceLine } from '../../src/tor/client-auth.js';
import { publicKeyOf } from '../../src/tor/ed25519.js';
import { ensureOnionKey } from '../../src/tor/onion-key.js';
import { temporaryFolder } from '../support/tor-kit.js';

const KEY = 'hs_ed25519_secret_key';

test('base32 is that of RFC 4648, section 10, without padding', () => {
  for (const [plain, coded] of [
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ] as const) {
    assert.equal(encodeBase32(Buffer.from(plain)), coded);
  }
});

test('the public key of an expanded key is the one that Node derives from its seed', () => {
  for (let round = 0; round < 20; round += 1) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { d = '' } = privateKey.export({ format: 'jwk' });
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const expanded = createHash('sha512').update(Buffer.from(d, 'base64url')).digest();
    expanded.writeUInt8(expanded.readUInt8(0) & 0xf8, 0);
    expanded.writeUInt8((expanded.readUInt8(31) & 0x3f) | 0x40, 31);
    assert.equal(publicKeyOf(expanded.subarray(0, 32)).toString('base64url'), x);
  }
});

test('an onion key is made once, private, and gives a sound host', async (t) => {
  const folder = await temporaryFolder(t);
  const { host, key } = await ensureOnionKey(folder);
  assert.equal(asOnionHost(host), host);
  assert.equal(onionHostOf(publicKeyOf(key.subarray(32, 64))), host);
  assert.equal((await stat(join(folder, KEY))).mode & 0o777, 0o600);
  const publicKey = await readFile(join(folder, 'hs_ed25519_public_key'));
  assert.equal(publicKey.length, 64);
  assert.equal(onionHostOf(publicKey.subarray(32)), host);
  assert.deepEqual(await ensureOnionKey(folder), { host, key });
});

test('from the key alone, as out of a backup, comes the same host', async (t) => {
  const folder = await temporaryFolder(t);
  const { host } = await ensureOnionKey(folder);
  await rm(join(folder, 'hostname'));
  assert.equal((await ensureOnionKey(folder)).host, host);
  await writeFile(join(folder, 'hostname'), 'another.onion\n');
  await ensureOnionKey(folder);
  assert.equal(await readFile(join(folder, 'hostname'), 'utf8'), `${host}\n`);
});

test('a damaged key is told and kept', async (t) => {
  const folder = await temporaryFolder(t);
  const { key } = await ensureOnionKey(folder);
  for (const bad of [Buffer.alloc(0), key.subarray(0, 95), Buffer.alloc(96, 1)]) {
    await writeFile(join(folder, KEY), bad);
    await assert.rejects(ensureOnionKey(folder), (error) => codeOf(error) === 'TOR_BAD_KEY');
    assert.deepEqual(await readFile(join(folder, KEY)), bad);
  }
});

/** @returns an x25519 key of Node's from the base32 that Tor writes */
function keyOf(text: string, kind: 'public' | 'private') {
  const bytes = Buffer.alloc(32);
  let [value, bits, at] = [0, 0, 0];
  for (const letter of text) {
    value = ((value << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (value >> bits) & 0xff;
    at += 1;
  }
  // RFC 8410: the same 32 bytes behind a fixed head.
  return kind === 'public'
    ? createPublicKey({
        key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), bytes]),
        format: 'der',
        type: 'spki',
      })
    : createPrivateKey({
        key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), bytes]),
        format: 'der',
        type: 'pkcs8',
      });
}

test('the two halves of a client key belong together, and stay', async (t) => {
  const file = join(await temporaryFolder(t), 'ssh-client');
  const pair = await ensureClientKeys(file);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await ensureClientKeys(file), pair);
  assert.equal(serviceLine(pair), `descriptor:x25519:${pair.publicKey}\n`);
  const other = generateKeyPairSync('x25519');
  const [publicKey, privateKey] = [
    keyOf(pair.publicKey, 'public'),
    keyOf(pair.privateKey, 'private'),
  ];
  assert.deepEqual(
    diffieHellman({ privateKey, publicKey: other.publicKey }),
    diffieHellman({ privateKey: other.privateKey, publicKey }),
  );
});

test('a client key that is none is told with what to do', async (t) => {
  const folder = await temporaryFolder(t);
  for (const text of ['', 'public A\nprivate B\n', 'x'.repeat(200)]) {
    const file = join(folder, 'ssh-client');
    await writeFile(file, text);
    await assert.rejects(ensureClientKeys(file), (error) => codeOf(error) === 'SSH_BAD_KEY');
  }
  await mkdir(join(folder, 'directory'));
  await assert.rejects(ensureClientKeys(join(folder, 'directory')));
});
