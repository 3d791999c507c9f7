import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { PACKAGE_ROOT } from '../../src/support/package.js';

const SCRIPT = 'image/layers/40-appliance/files/usr/lib/snug/appliance/settings';
/** Plays the program that puts settings into effect: counts, and takes passwords away. */
const APPLY = `
const { appendFileSync, rmSync } = require('node:fs');
const root = process.env.SNUG_CARD_ROOT;
appendFileSync(root + '/applied', '.');
rmSync(root + '/boot/firmware/mail-password.txt', { force: true });
`;

let root = '';
const put = (name: string, text: string) => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'snug-card-'));
  put('opt/snug/current/package.json', '{"version":"1.0.0"}');
  put('opt/snug/current/dist/src/appliance/main.js', APPLY);
  put('var/lib/snug-card/other', '');
  put('boot/firmware/snug.toml', '# mine\n');
});
afterEach(() => rmSync(root, { recursive: true }));

/** One start of the card. @returns how often settings were put into effect so far */
function start(): number {
  const node = dirname(process.execPath);
  const env = { SNUG_CARD_ROOT: root, PATH: `${node}:/usr/sbin:/usr/bin:/sbin:/bin` };
  execFileSync(join(PACKAGE_ROOT, SCRIPT), [], { env, stdio: ['ignore', 'inherit', 'ignore'] });
  return readFileSync(join(root, 'applied'), 'utf8').length;
}

test('settings are put into effect at the first start, and again when they have changed', () => {
  assert.equal(start(), 1);
  assert.equal(start(), 1);
  put('boot/firmware/snug.toml', '# mine too\n');
  assert.equal(start(), 2);
  put('boot/firmware/rpi-preseed.toml', '[system]\n');
  assert.equal(start(), 3);
  assert.equal(start(), 3);
});

test('a password put beside settings that stay as they are is taken at the next start', () => {
  assert.equal(start(), 1);
  put('boot/firmware/mail-password.txt', 'open sesame');
  assert.equal(start(), 2);
  put('boot/firmware/mail-password.txt', 'open sesame');
  assert.equal(start(), 3);
  assert.equal(start(), 3);
});

test('another version of Snug reads the settings in its own way', () => {
  assert.equal(start(), 1);
  put('opt/snug/current/package.json', '{"version":"1.0.1"}');
  assert.equal(start(), 2);
});
