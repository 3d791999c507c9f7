import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { PACKAGE_ROOT } from '../../src/support/package.js';

const FOLDER = join(PACKAGE_ROOT, 'image/layers/40-appliance/files/usr/lib/snug/appliance');
const NOT_ROOT = process.getuid?.() === 0 ? false : 'only root may mount';
const AS_IT_WAS = {
  'config.txt': 'kernel=vmlinuz-7',
  'cmdline.txt': 'rw',
  'vmlinuz-7': 'kernel 7',
  'start.elf': 'firmware',
  'snug.toml': '# mine',
};

let root = '';
const at = (name: string) => join(root, name);
const put = (name: string, text: string) => {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text, { mode: 0o755 });
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'snug-boot-'));
  mkdirSync(at('state'));
  for (const [name, text] of Object.entries(AS_IT_WAS)) put(`boot/${name}`, text);
  put('hooks/z40-snug-device-trees', `#!/bin/sh\necho tree >${at('boot')}/bcm.dtb\n`);
  put('hooks/z50-raspi-firmware', '#!/bin/sh\ntrue\n');
});
afterEach(() => rmSync(root, { recursive: true }));

function bootFiles(...words: string[]) {
  const env = {
    PATH: process.env.PATH,
    SNUG_BOOT: at('boot'),
    SNUG_BOOT_STATE: at('state'),
    SNUG_BOOT_HOOKS: at('hooks'),
  };
  return spawnSync(join(FOLDER, 'boot-files'), words, { env, encoding: 'utf8' });
}

/** Plays packages that bring kernel 8 and write where they always do. */
const upgrade = (then = '') => [
  ...['sh', '-euc'],
  `cd ${at('boot')}; echo 8 >vmlinuz-8; rm vmlinuz-7; echo kernel=vmlinuz-8 >config.txt; ${then}`,
];

/** @returns what the partition holds */
const partition = () =>
  Object.fromEntries(
    readdirSync(at('boot')).map((name) => [name, readFileSync(at(`boot/${name}`), 'utf8').trim()]),
  );

describe('what the board starts from', { skip: NOT_ROOT }, () => {
  test('is untouched while packages are updated, and then taken over as a whole', () => {
    const seen = `cp -r ${at('boot')} ${at('within')}; ls ${at('state/boot')}`;
    const { status, stderr } = bootFiles('run', ...upgrade(seen));
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(at('within/config.txt'), 'utf8'), 'kernel=vmlinuz-8\n');
    assert.deepEqual(partition(), {
      'bcm.dtb': 'tree',
      'cmdline.txt': 'rw',
      'config.txt': 'kernel=vmlinuz-8',
      'snug.toml': '# mine',
      'start.elf': 'firmware',
      'vmlinuz-8': '8',
    });
    assert.equal(bootFiles('owed').status, 1);
    assert.deepEqual(readdirSync(at('state')), [], 'the copy is gone');
  });

  test("the operator's file is neither copied nor put back", () => {
    const absent = `test ! -e ${at('boot')}/snug.toml`;
    assert.equal(bootFiles('run', 'sh', '-c', absent).status, 0);
    assert.equal(partition()['snug.toml'], '# mine');
  });

  test('stays as it was when an update fails, and is owed', () => {
    assert.equal(bootFiles('run', ...upgrade('exit 3')).status, 3);
    assert.deepEqual(partition(), AS_IT_WAS);
    assert.equal(bootFiles('owed').status, 0);
    assert.equal(bootFiles('run', 'true').status, 0, 'what is missing is made up for');
    assert.equal(partition()['bcm.dtb'], 'tree');
    assert.equal(bootFiles('owed').status, 1);
  });

  test('stays as it was when a hook of the kernel fails', () => {
    put('hooks/z50-raspi-firmware', '#!/bin/sh\nexit 1\n');
    assert.notEqual(bootFiles('run', ...upgrade()).status, 0);
    assert.deepEqual(partition(), AS_IT_WAS);
    assert.ok(existsSync(at('state/boot-owed')));
  });

  test('what a power cut has left half written goes away', () => {
    put('boot/vmlinuz-8.new', 'half');
    assert.equal(bootFiles('run', 'true').status, 0);
    assert.equal(partition()['vmlinuz-8.new'], undefined);
  });
});

describe('the resolver for snowflake', () => {
  /** @returns the file that it writes */
  function resolver(leases: Readonly<Record<string, string>>, routes = ''): string {
    for (const [name, text] of Object.entries(leases)) put(`leases/${name}`, text);
    put('bin/ip', `#!/bin/sh\nprintf '${routes}'\n`);
    const env = {
      PATH: `${at('bin')}:${process.env.PATH}`,
      RUNTIME_DIRECTORY: root,
      SNUG_CARD_LEASES: at('leases'),
    };
    const { status, stderr } = spawnSync(join(FOLDER, 'resolver'), { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return readFileSync(at('resolv.conf'), 'utf8');
  }

  test('is what DHCP named', () => {
    const lease = 'ADDRESS=192.0.2.7\nROUTER=192.0.2.1\nDNS=192.0.2.53 2001:db8::53\n';
    const text = resolver({ 2: lease }, 'default via 192.0.2.1 dev eth0\n');
    assert.equal(text, 'nameserver 192.0.2.53\nnameserver 2001:db8::53\n');
  });

  test('with a fixed address it is the router', () => {
    const text = resolver({}, 'default via 192.0.2.1 dev eth0 proto static\n');
    assert.equal(text, 'nameserver 192.0.2.1\n');
  });

  test('a lease cannot write lines of its own', () => {
    assert.equal(resolver({ 2: 'DNS=192.0.2.53 $(id) ;x\n' }), 'nameserver 192.0.2.53\n');
  });

  test('without a network there is none', () => {
    assert.equal(resolver({}), '');
  });
});
