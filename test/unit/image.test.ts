import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/*
 * What can be said of image/ without building it. The build itself holds its result against
 * image/lib/check.mjs (image-check.test.ts), and npm run image:test boots it.
 */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'snug-image-'));
after(() => rmSync(folder, { recursive: true }));

interface Library {
  drift(locked: readonly string[], offered: readonly string[]): string[];
  prune(folder: string): void;
  sourceLines(mirrors: { main: string; security: string }): string[];
  judgePackets(
    file: string,
    proxy: { host: string; port: number },
  ): { tor: number; strange: string[] };
}
const library = async (file: string) =>
  (await import(new URL(`../../../image/${file}`, import.meta.url).href)) as Library;

function filesBelow(path: string): string[] {
  const entries = readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

test('every difference between the lock and what apt offers is named', async () => {
  const { drift } = await library('lib/lock.mjs');
  const locked = ['libc6 2.41-12 aa', 'tor 0.4.9.15-1 bb', 'nano 8.4-1 cc'];
  assert.deepEqual(drift(locked, locked), []);
  assert.deepEqual(drift(locked, ['libc6 2.41-12 ff', 'tor 0.4.9.16-1 dd', 'less 668-1 ee']), [
    'less: nothing → 668-1',
    'libc6 2.41-12: other content',
    'nano: 8.4-1 → nothing',
    'tor: 0.4.9.15-1 → 0.4.9.16-1',
  ]);
});

test('of native parts those for arm64 and glibc stay, and code stays', async () => {
  const { prune } = await library('lib/app.mjs');
  const tree = join(folder, 'node_modules');
  const stay = [
    'leveldown/prebuilds/linux-arm64/node.napi.armv8.node',
    'classic-level/binding.js',
    'classic-level/package.json',
    'ssb-x/node_modules/sodium-native/prebuilds/linux-arm64/node.napi.node',
    '.package-lock.json',
  ];
  const go = [
    'leveldown/prebuilds/linux-x64/node.napi.glibc.node',
    'leveldown/prebuilds/linux-arm64/node.napi.musl.node',
    'classic-level/deps/leveldb/db.cc',
    'classic-level/binding.gyp',
    'typescript/lib/tsc.js',
    'express/Readme.md',
  ];
  for (const path of [...stay, ...go]) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), '');
  }
  prune(tree);
  for (const path of stay) assert.ok(existsSync(join(tree, path)), path);
  for (const path of go) assert.equal(existsSync(join(tree, path)), false, path);
});

test('the card has no package host of its own but Debian onions', () => {
  for (const file of filesBelow('image')) {
    if (!/\.(mjs|cjs|sh|sources|list|conf)$/.test(file) && !file.includes('/apt/')) continue;
    const text = execFileSync('cat', [file], { encoding: 'utf8' });
    for (const [url] of text.matchAll(/\b(?:tor\+)?https?:\/\/[a-z0-9.-]+\.[a-z]{2,}/g)) {
      assert.match(url, /\.onion$/, `${file}: ${url}`);
    }
  }
});

test('packages are taken from signed suites of trixie only', async () => {
  const { sourceLines } = await library('lib/apt.mjs');
  const lines = sourceLines({ main: 'http://m/debian', security: 'http://m/debian-security' });
  assert.equal(lines.length, 4);
  for (const line of lines) assert.match(line, /^deb \[signed-by=\/\S+\] \S+ trixie\S* main/);
});

test('every script of the image is sound shell', () => {
  const scripts = [...filesBelow('image/layers'), ...filesBelow('systemd')].filter((file) =>
    execFileSync('head', ['-c', '9', file], { encoding: 'latin1' }).startsWith('#!/bin/sh'),
  );
  assert.ok(scripts.length >= 8);
  for (const script of scripts) execFileSync('sh', ['-n', script]);
});

/** A pcap file (link type Ethernet) of frames from the guest. */
function capture(frames: readonly Buffer[]): string {
  const file = join(folder, 'wire.pcap');
  const records = frames.flatMap((frame) => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(frame.length, 8);
    head.writeUInt32LE(frame.length, 12);
    return [head, frame];
  });
  writeFileSync(file, Buffer.concat([Buffer.alloc(24), ...records]));
  return file;
}

function ethernet(type: number, packet: Buffer): Buffer {
  const head = Buffer.from('ffffffffffff5254001234560000', 'hex');
  head.writeUInt16BE(type, 12);
  return Buffer.concat([head, packet, Buffer.alloc(40)]);
}

function ipv4(protocol: number, to: readonly number[], from: number, port: number): Buffer {
  const packet = Buffer.alloc(24);
  packet[0] = 0x45;
  packet[9] = protocol;
  packet.set(to, 16);
  packet.writeUInt16BE(from, 20);
  packet.writeUInt16BE(port, 22);
  return ethernet(0x0800, packet);
}

test('a packet that is not Tor, DHCP or for the neighbours is found in a capture', async () => {
  const { judgePackets } = await library('test/packets.mjs');
  const proxy = { host: '10.0.2.2', port: 4000 };
  const good = [
    ipv4(6, [10, 0, 2, 2], 40_000, 4000),
    ipv4(17, [255, 255, 255, 255], 68, 67),
    ethernet(0x0806, Buffer.alloc(28)),
  ];
  assert.deepEqual(judgePackets(capture(good), proxy), { tor: 1, strange: [] });
  const bad = [
    ipv4(17, [10, 0, 2, 3], 5353, 53),
    ipv4(6, [10, 0, 2, 2], 40_000, 4001),
    ipv4(17, [224, 0, 0, 251], 5353, 5353),
    ipv4(1, [10, 0, 2, 2], 0, 0),
  ];
  assert.equal(judgePackets(capture([...good, ...bad]), proxy).strange.length, bad.length);
});
