import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import { runCli } from '../../src/cli/program.js';
import { codeOf } from '../../src/support/errors.js';
import {
  type HandOverOptions,
  handBack,
  handOver,
  requireCard,
} from '../../src/update/hand-over.js';
import { placesBelow } from '../../src/update/places.js';

/** Plays the helpers of a version: notes how it was called and what it was given. */
const HELPER = `
import { writeFileSync, readFileSync } from 'node:fs';
const [, main, ...words] = process.argv;
const folder = new URL('../../../', import.meta.url).pathname;
if (words[0] === 'fetch') {
  if (words[1].endsWith('/gone')) process.exit(65);
  process.stdout.write('fetched ' + words[1]);
} else if (words[0] === 'receive') {
  writeFileSync(folder + 'words', process.env.AS_USER + ' ' + words.join(' '));
  writeFileSync(folder + 'given', readFileSync(0));
  process.exit(words.includes('--allow-downgrade') ? 65 : 0);
} else {
  writeFileSync(folder + 'words', process.env.AS_USER + ' ' + words.join(' '));
  process.exit(69);
}
`;

let root = '';
let options: HandOverOptions;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'snug-hand-over-'));
  const own = join(root, 'own');
  mkdirSync(join(own, 'dist/src/update'), { recursive: true });
  writeFileSync(join(own, 'package.json'), '{"type":"module"}');
  writeFileSync(join(own, 'dist/src/update/main.js'), HELPER);
  const as = (user: string) => ['/usr/bin/env', `AS_USER=${user}`];
  const scratch = join(root, 'scratch');
  mkdirSync(scratch);
  options = { places: placesBelow(root), own, as, scratch, input: Readable.from(['from a pipe']) };
});
afterEach(() => rmSync(root, { recursive: true }));

const noted = (name: string) => readFileSync(join(root, 'own', name), 'utf8');

test('a file is given to root, byte for byte, and root’s exit code is ours', async () => {
  const file = join(root, 'x.bundle');
  const bytes = 'content '.repeat(100_000);
  writeFileSync(file, bytes);
  assert.equal(await handOver(file, false, options), 0);
  assert.equal(noted('given'), bytes);
  assert.equal(noted('words'), 'root receive');
  assert.equal(await handOver(file, true, options), 65);
  assert.equal(noted('words'), 'root receive --allow-downgrade');
});

test('standard input is given to root', async () => {
  assert.equal(await handOver('-', false, options), 0);
  assert.equal(noted('given'), 'from a pipe');
});

test('an address is fetched by the relay’s user, kept nowhere, and given to root', async () => {
  assert.equal(await handOver('https://updates.example/x', false, options), 0);
  assert.equal(noted('given'), 'fetched https://updates.example/x');
  assert.deepEqual(readdirSync(options.scratch), []);
});

test('a download that fails is not given to root', async () => {
  assert.equal(await handOver('https://updates.example/gone', false, options), 65);
  assert.equal(existsSync(join(root, 'own', 'given')), false);
  assert.deepEqual(readdirSync(options.scratch), []);
});

test('what is no bundle’s place is refused in words', async () => {
  const refused = async (target: string, code: string) =>
    assert.rejects(handOver(target, false, options), (error) => codeOf(error) === code, target);
  await refused('http://updates.example/x', 'BAD_URL');
  await refused(join(root, 'nothing'), 'FILE_UNREADABLE');
  await refused(root, 'FILE_UNREADABLE');
});

test('going back is root’s work', async () => {
  assert.equal(await handBack(options), 69);
  assert.equal(noted('words'), 'root back');
});

test('only a version that lies where the card keeps them is on a card', () => {
  const { places } = options;
  const own = join(places.home, '1.0.0');
  const isCard = (folder: string) => {
    try {
      requireCard({ places, own: folder });
      return true;
    } catch (error) {
      assert.equal(codeOf(error), 'NOT_A_CARD');
      return false;
    }
  };
  assert.equal(isCard(options.own), false);
  mkdirSync(own, { recursive: true });
  assert.equal(isCard(own), false);
  mkdirSync(join(places.unit, '..'), { recursive: true });
  writeFileSync(places.unit, '');
  assert.equal(isCard(own), true);
  assert.equal(isCard(`${own}/`), true);
  assert.equal(isCard(options.own), false);
});

test('on any other machine `snug update` says how Snug is updated there', async () => {
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => lines.push(line),
    err: (line: string) => lines.push(line),
  };
  const context = { env: {}, terminal, signal: new AbortController().signal };
  for (const words of [['update'], ['update', 'x.bundle'], ['update', '--back']]) {
    assert.equal(await runCli(words, context), 65);
    assert.match(lines.splice(0).join('\n'), /no card[\s\S]*git pull/);
  }
});
