import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { codeOf } from '../../src/support/errors.js';
import {
  encodeHeader,
  type Header,
  PREFIX_BYTES,
  SIGNATURE_BYTES,
} from '../../src/update/header.js';
import { Notes } from '../../src/update/notes.js';
import { receive } from '../../src/update/receive.js';
import { FakeCard, type Making, picture } from '../support/update-kit.js';

let card: FakeCard;
let good: Buffer;
before(async () => {
  card = new FakeCard();
  good = readFileSync(await card.bundle('1.1.0'));
});
after(() => card.remove());

const stranger = generateKeyPairSync('ed25519').privateKey;
const take = (bytes: Buffer, allowDowngrade = false) =>
  receive(Readable.from([bytes]), allowDowngrade, card.tools());

/** Nothing is asked for, nothing is left, and the versions are as they were. */
async function refuses(bytes: Buffer, codes: RegExp, what: string): Promise<void> {
  const earlier = picture(card.places.home);
  await assert.rejects(take(bytes), (error) => codes.test(codeOf(error) ?? ''), what);
  assert.deepEqual(picture(card.places.home), earlier, what);
  assert.equal(await new Notes(card.places.spool).request(), undefined, what);
  assert.deepEqual(readdirSync(card.places.spool), [], what);
}

/** Splits a bundle; the parts are copies. */
function parts(bundle: Buffer) {
  const header = PREFIX_BYTES + bundle.readUInt32BE(PREFIX_BYTES - 4);
  const json = JSON.parse(bundle.subarray(PREFIX_BYTES, header).toString()) as Header;
  return { header, json, payload: Buffer.from(bundle.subarray(header + SIGNATURE_BYTES)) };
}

test('the same tree makes the same bundle, byte for byte', async () => {
  assert.deepEqual(readFileSync(await card.bundle('1.1.0')), good);
});

test('a sound bundle is taken in, and asked for', async () => {
  assert.equal(await take(good), '1.1.0');
  const notes = new Notes(card.places.spool);
  assert.deepEqual(await notes.request(), { action: 'install', allowDowngrade: false });
  assert.deepEqual(readFileSync(notes.bundle), good);
  for (const name of readdirSync(card.places.spool)) rmSync(join(card.places.spool, name));
});

test('one bit flipped anywhere changes nothing', async () => {
  const { header } = parts(good);
  const payload = header + SIGNATURE_BYTES;
  const spread = (from: number, to: number, count: number) =>
    Array.from({ length: count }, (_, step) => from + Math.floor(((to - from) * step) / count));
  const positions = [
    ...spread(0, PREFIX_BYTES, PREFIX_BYTES),
    ...spread(PREFIX_BYTES, header, 30),
    ...spread(header, payload, 16),
    ...spread(payload, good.length, 30),
    good.length - 1,
  ];
  assert.ok(positions.length > 90);
  for (const [index, position] of positions.entries()) {
    const bytes = Buffer.from(good);
    bytes[position] = (bytes[position] ?? 0) ^ (1 << (index % 8));
    await refuses(bytes, /^BUNDLE_(FOREIGN|UNTRUSTED|DAMAGED)$/, `byte ${position}`);
  }
});

test('a bundle cut off anywhere, or with more at its end, changes nothing', async () => {
  const ends = [0, 1, 13, 14, 17, 18, 19, 200, good.length - 1];
  const more = Array.from({ length: 10 }, (_, step) => Math.floor((good.length * step) / 10));
  for (const end of [...ends, ...more]) {
    await refuses(good.subarray(0, end), /^BUNDLE_/, `${end} bytes`);
  }
  await refuses(Buffer.concat([good, Buffer.from('x')]), /^BUNDLE_DAMAGED$/, 'one byte more');
});

test('unsigned, signed by a stranger, or with another payload: nothing changes', async () => {
  const { header, json, payload } = parts(good);
  const zeroed = Buffer.from(good).fill(0, header, header + SIGNATURE_BYTES);
  await refuses(zeroed, /^BUNDLE_UNTRUSTED$/, 'no signature');
  await refuses(
    readFileSync(await card.bundle('1.1.0', { key: stranger })),
    /UNTRUSTED/,
    'stranger',
  );
  const other = parts(readFileSync(await card.bundle('1.2.0'))).payload;
  const head = good.subarray(0, header + SIGNATURE_BYTES);
  await refuses(Buffer.concat([head, other]), /^BUNDLE_DAMAGED$/, 'another payload');
  // A stranger who changes the header to fit has to sign it.
  const sha256 = createHash('sha256').update(other).digest('hex');
  const fitting = { ...json, payload: { ...json.payload, size: other.length, sha256 } };
  const forged = Buffer.concat([encodeHeader(fitting, stranger), other]);
  await refuses(forged, /^BUNDLE_UNTRUSTED$/, 'a forged header');
  await refuses(Buffer.from('PK\x03\x04 some other file'), /^BUNDLE_FOREIGN$/, 'another file');
  assert.ok(payload.length > 0);
});

test('a signed header that promises nonsense changes nothing', async () => {
  const { json, payload } = parts(good);
  const wrong: readonly unknown[] = [
    { ...json, version: '../../etc' },
    { ...json, version: 'current' },
    { ...json, name: 'other' },
    { ...json, extra: true },
    { ...json, arch: 'mips' },
    { ...json, payload: { ...json.payload, size: json.payload.size + 1 } },
    { ...json, payload: { ...json.payload, unpacked: 2 ** 40 } },
    'text',
  ];
  for (const header of wrong) {
    const bytes = Buffer.concat([encodeHeader(header as Header, card.privateKey), payload]);
    await refuses(bytes, /^BUNDLE_DAMAGED$/, JSON.stringify(header));
  }
});

const UNFIT: readonly (readonly [string, string, Making])[] = [
  ['WRONG_ARCH', '1.1.0', { arch: 'x64' }],
  ['DOWNGRADE', '0.9.0', {}],
  ['ALREADY_INSTALLED', '1.0.0', {}],
  ['CARD_TOO_OLD', '1.1.0', { card: 2 }],
  ['STATE_FORMAT', '1.1.0', { state: { reads: 2, writes: 2 } }],
];
for (const [code, version, making] of UNFIT) {
  test(`${code}: a well signed ${version} is refused, and nothing changes`, async () => {
    const bytes = readFileSync(await card.bundle(version, making));
    await refuses(bytes, new RegExp(`^${code}$`), code);
  });
}

test('a full card refuses before anything is changed', async () => {
  card.free = 64 * 1024 * 1024 + good.length - 1;
  await refuses(good, /^NO_ROOM$/, 'no room for the bundle');
  card.free = 64 * 1024 * 1024 + good.length + 1;
  await refuses(good, /^NO_ROOM$/, 'no room for what is in it');
  card.free = 2 ** 40;
});

test('more than any bundle has is not taken in', async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1024 * 1024);
    })(),
  );
  await assert.rejects(receive(endless, false, card.tools()), /too large/);
  assert.deepEqual(readdirSync(card.places.spool), []);
});

test('a card without keys, or with one that is none, says so', async () => {
  const [folder = ''] = card.places.keys;
  const file = join(folder, 'release.pub');
  const text = readFileSync(file);
  writeFileSync(file, 'no key\n');
  await refuses(good, /^BAD_RELEASE_KEY$/, 'a broken key');
  rmSync(file);
  await refuses(good, /^NO_RELEASE_KEY$/, 'no key');
  writeFileSync(file, text);
});

test('any of several trusted keys will do', async () => {
  const other = new FakeCard();
  try {
    const [first = '', second = ''] = [...card.places.keys];
    const theirs = readFileSync(join(first, 'release.pub'));
    assert.notEqual(first, second);
    writeFileSync(join(other.places.keys[0] ?? '', 'zz.pub'), theirs);
    const source = createReadStream(await card.bundle('1.1.0'));
    assert.equal(await receive(source, false, other.tools()), '1.1.0');
  } finally {
    other.remove();
  }
});
