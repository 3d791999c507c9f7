import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { hostname } from 'node:os';
import { after, test } from 'node:test';
import { FakeCard, findsEach } from '../support/fake-card.js';

/* The rules of image/lib/check/ for what lies on the card (see image-check.test.ts). */

const card = await FakeCard.make();
after(() => card.discard());

const pem = () =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const APP = 'opt/snug/9.9.9/dist/src/x.js';

test('a secret, or a word of the machine that builds, is named', () =>
  findsEach(card, {
    'a private key': [() => card.put(APP, pem()), /x\.js holds a private key/],
    'one in a string': [() => card.put(APP, pem().replaceAll('\n', '\\n')), /holds a private key/],
    'one in the packed initramfs': [
      () => card.put('boot/firmware/initrd.img-7', Buffer.from(pem()).toString('base64')),
      /initrd\.img-7 holds a private key/,
    ],
    'an age identity': [
      () => card.put(APP, `AGE-SECRET-KEY-1${'Q'.repeat(58)}`),
      /holds an age identity/,
    ],
    "a key of Tor's": [
      () => card.put('etc/x', Buffer.from(`== ed25519v1-secret: type0 ==\0\0\0${'k'.repeat(64)}`)),
      /etc\/x holds a key of Tor's/,
    ],
    "an onion's key for a client": [
      () => card.put(APP, `${'a'.repeat(56)}:descriptor:x25519:${'A'.repeat(52)}`),
      /holds an onion's key for a client/,
    ],
    'an SSB identity': [
      () => card.put(APP, `{"private": "${'A'.repeat(86)}==.ed25519"}`),
      /holds an SSB identity/,
    ],
    'a token': [
      () => card.put(APP, '//packages.example/:_authToken=abc\n'),
      /holds a password for a package host/,
    ],
    'a password in an address': [
      () => card.put('etc/x', 'Acquire::http::Proxy "http://me:hunter2@proxy.example:1";'),
      /holds a password in an address/,
    ],
    'the folder of the build': [
      () => card.put(APP, `x ${card.tree}/y`),
      /names a folder of this machine/,
    ],
    'the name of the machine': [
      () => card.put('etc/hosts.deny', `ALL: ${hostname()}\n`),
      /hosts\.deny names this machine/,
    ],
    'a host key': [
      () => card.put('etc/ssh/ssh_host_rsa_key', ''),
      /ssh_host_rsa_key is in the image/,
    ],
    "another card's settings": [
      () => card.put('etc/snug/snug.toml', ''),
      /snug\.toml is in the image/,
    ],
    "another card's state": [
      () => card.put('var/lib/snug-tor/onion/hostname', ''),
      /onion\/hostname is in the image/,
    ],
    'a password of the mail account': [
      () => card.put('etc/credstore/snug.mail-password', 'x'),
      /snug\.mail-password is in the image/,
    ],
    "a machine's id": [() => card.put('etc/machine-id', 'abc'), /machine-id is not empty/],
  }));

test('a file of nobody, or one that was changed, is named', () =>
  findsEach(card, {
    'a file more': [() => card.put('usr/bin/x', ''), /usr\/bin\/x belongs to nobody/],
    'one in a folder of programs that make files': [
      () => card.put('var/lib/dpkg/x', ''),
      /var\/lib\/dpkg\/x belongs to nobody/,
    ],
    'one in the log': [() => card.put('var/log/dpkg.txt', ''), /dpkg\.txt belongs to nobody/],
    'one beside Snug': [() => card.put('opt/snug/9.9.9/src/x.ts', ''), /x\.ts belongs to nobody/],
    'one on the FAT partition': [
      () => card.put('boot/firmware/recovery.bin', 'of nobody'),
      /recovery\.bin belongs to nobody/,
    ],
    'firmware that is not of a package': [
      () => card.put('boot/firmware/start.elf', 'another'),
      /start\.elf belongs to nobody/,
    ],
    'a link to elsewhere': [
      () => card.link('etc/localtime', '/opt/x'),
      /etc\/localtime belongs to nobody/,
    ],
    'a file of a package, changed': [
      () => card.add('usr/bin/sudo', 'more'),
      /usr\/bin\/sudo is not as its package brought it/,
    ],
    'a file of ours, changed': [
      () => card.add('etc/hosts', 'more'),
      /etc\/hosts is not what this checkout holds/,
    ],
    'a file of ours, gone': [() => card.remove('etc/fstab'), /etc\/fstab of ours is missing/],
  }));

test('a card that no board would start is named', () =>
  findsEach(card, {
    'no kernel': [() => card.remove('boot/firmware/vmlinuz-7'), /vmlinuz-7 is missing/],
    'no root': [() => card.put('boot/firmware/cmdline.txt', 'rw\n'), /does not name the root/],
    'a command line that a Pi 4 does not bear': [
      () => card.put('boot/firmware/cmdline.txt', 'root=LABEL=snug-root cma=64M rw\n'),
      /says cma=/,
    ],
    'no driver of the screen': [
      () => card.remove('usr/lib/modules/7/kernel/x/vc4.ko.xz'),
      /module vc4 is missing, which a board needs/,
    ],
    'a driver without what it needs': [
      () => card.remove('usr/lib/modules/7/kernel/x/cec.ko.xz'),
      /module cec is missing, which vc4 needs/,
    ],
    'neither a module nor built in': [
      () => {
        card.put('usr/lib/modules/7/modules.builtin', '');
        card.remove('usr/lib/modules/7/kernel/x/raspberrypi.ko.xz');
      },
      /module raspberrypi is missing/,
    ],
  }));

test('what a module of the kernel needs stands in it', async (t) => {
  const { dependsOf } = (await import(
    new URL('../../../image/lib/check/drivers.mjs', import.meta.url).href
  )) as { dependsOf(packed: Buffer): string[] };
  const module = '\x7fELF\0license=GPL\0depends=cec,drm-client-lib\0name=vc4\0';
  const { error, stdout } = spawnSync('xz', ['--stdout'], { input: module });
  if (error !== undefined) return t.skip('the Debian package xz-utils is not installed');
  assert.deepEqual(dependsOf(stdout), ['cec', 'drm_client_lib']);
});

test('an initramfs that cannot be looked into is not passed over', async () => {
  const { unpackInitrd } = (await import(
    new URL('../../../image/lib/check/initrd.mjs', import.meta.url).href
  )) as { unpackInitrd(content: Buffer): Buffer };
  assert.throws(() => unpackInitrd(Buffer.from('TRAILER!!! and no second archive')), /not packed/);
});
