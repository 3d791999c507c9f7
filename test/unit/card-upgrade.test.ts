import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { PACKAGE_ROOT } from '../../src/support/package.js';

const SCRIPT = 'image/layers/40-appliance/files/usr/lib/snug/appliance/upgrade';

let root = '';
const at = (name: string) => join(root, name);

/** A program that notes how it was called, and then does something. */
function program(name: string, act = '') {
  const script = `#!/bin/sh\necho "${name} $*" >>${at('called')}\n${act}\n`;
  writeFileSync(at(`bin/${name}`), script, { mode: 0o755 });
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'snug-upgrade-'));
  mkdirSync(at('bin'));
  for (const name of ['dpkg', 'apt-get', 'systemctl', 'sync']) program(name);
  program('boot-files', 'case $1 in owed) exit 1 ;; run) shift; exec "$@" ;; esac');
});
afterEach(() => rmSync(root, { recursive: true }));

/** One night. @returns its exit code, what was called in what order, and whether it went well */
function night() {
  rmSync(at('called'), { force: true });
  rmSync(at('done'), { force: true });
  const env = {
    PATH: `${at('bin')}:${process.env.PATH}`,
    SNUG_BOOT_FILES: at('bin/boot-files'),
    SNUG_UPGRADE_DONE: at('done'),
  };
  const { status } = spawnSync(join(PACKAGE_ROOT, SCRIPT), { env, encoding: 'utf8' });
  const called = readFileSync(at('called'), 'utf8').trim().split('\n');
  return { status, called, done: existsSync(at('done')) };
}

/** What a night with work ends with. */
const INSTALLS = [
  `boot-files run ${join(PACKAGE_ROOT, SCRIPT)} packages`,
  'dpkg --force-confdef --force-confold --configure -a',
  'apt-get -q -y --fix-broken --with-new-pkgs upgrade',
  'apt-get -q -y --purge autoremove',
  'apt-get -q clean',
  'sync ',
  'systemctl reboot',
];

test('a night without updates changes nothing, and is a good one', () => {
  assert.deepEqual(night(), {
    status: 0,
    called: [
      'apt-get -q --error-on=any update',
      'dpkg --audit',
      'boot-files owed',
      'apt-get -q -s --with-new-pkgs upgrade',
    ],
    done: true,
  });
});

test('updates are installed with a copy of the boot partition, and the card starts anew', () => {
  program('apt-get', 'case "$*" in *-s*) echo "Inst tor [1] (2 Debian)" ;; esac');
  const { status, called, done } = night();
  assert.deepEqual([status, called.slice(4), done], [0, INSTALLS, true]);
});

test('what a power cut has interrupted is brought to its end, though nothing is new', () => {
  program(
    'dpkg',
    'case $1 in --audit) echo "The following packages are only half configured" ;; esac',
  );
  assert.deepEqual(night().called.slice(2), INSTALLS);
  program('dpkg');
  program('boot-files', 'case $1 in owed) ;; run) shift; exec "$@" ;; esac');
  assert.deepEqual(night().called.slice(3), INSTALLS);
});

test('a night that fails is no good one, and ends without a restart', () => {
  for (const failing of ['*update*', '*-s*', '*-y*upgrade*', '*autoremove*']) {
    const act = `case "$*" in ${failing}) exit 100 ;; *-s*) echo "Inst tor" ;; esac`;
    program('apt-get', act);
    const { status, called, done } = night();
    assert.deepEqual([status, done], [100, false], failing);
    assert.ok(!called.includes('systemctl reboot'), failing);
  }
});
