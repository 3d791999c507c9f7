import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { placesBelow } from '../../src/appliance/places.js';
import { loadConfig } from '../../src/config/load-config.js';
import { pathsOf } from '../../src/rooms.js';
import { PACKAGE_ROOT } from '../../src/support/package.js';
import { firewallHere } from '../support/confinement.js';

const run = promisify(execFile);
const FOLDER = join(PACKAGE_ROOT, 'systemd');
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const UNITS = readdirSync(FOLDER).filter((name) => /\.(service|socket|path|timer)$/.test(name));
/** A board has other programs than this machine: only the lines are judged. */
const NOT_HERE = /is not executable: No such file|Failed to create .*start: Unit .* not found/;

/** @returns why a program cannot be asked, if so */
async function missing(program: string, debianPackage: string): Promise<string | undefined> {
  const found = await run(program, ['--version']).catch((error: { code?: unknown }) => error.code);
  return found === 'ENOENT' ? `the Debian package ${debianPackage} is not installed` : undefined;
}

/** @returns the values of a key, in order */
function values(unit: string, key: string): string[] {
  return [...read(unit).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(
    ([, value]) => value ?? '',
  );
}

test('systemd finds no fault with any unit', async (t) => {
  const without = await missing('systemd-analyze', 'systemd');
  if (without !== undefined) return t.skip(without);
  assert.ok(UNITS.length > 10);
  const words = ['verify', '--man=no', '--recursive-errors=no'];
  for (const unit of UNITS) {
    const verify = run('systemd-analyze', [...words, join(FOLDER, unit)]);
    const { stderr } = await verify.catch((error: { stderr: string }) => error);
    const faults = stderr.split('\n').filter((line) => line !== '' && !NOT_HERE.test(line));
    assert.deepEqual(faults, [], unit);
  }
});

for (const unit of ['snug.service', 'snug-tor.service']) {
  test(`${unit} is exposed by no more than 1.5 of 10`, async (t) => {
    const without = await missing('systemd-analyze', 'systemd');
    if (without !== undefined) return t.skip(without);
    const words = ['security', '--offline=true', '--threshold=15', '--no-pager'];
    const { stdout } = await run('systemd-analyze', [...words, join(FOLDER, unit)]);
    const level = Number(/Overall exposure level for .*: ([\d.]+)/.exec(stdout)?.[1]);
    assert.ok(level <= 1.5, `${level}`);
  });
}

test('the relay has no network and no other socket than unix ones; Tor has no rights', () => {
  assert.deepEqual(values('snug.service', 'PrivateNetwork'), ['yes']);
  assert.deepEqual(values('snug.service', 'RestrictAddressFamilies'), ['AF_UNIX']);
  assert.deepEqual(values('snug-tor.service', 'MemoryDenyWriteExecute'), ['yes']);
  assert.deepEqual(values('snug-tor.service', 'AppArmorProfile'), ['snug-tor']);
  for (const unit of ['snug.service', 'snug-tor.service']) {
    assert.deepEqual(values(unit, 'CapabilityBoundingSet'), [''], unit);
    assert.deepEqual(values(unit, 'NoNewPrivileges'), ['yes'], unit);
    assert.deepEqual(values(unit, 'ProtectSystem'), ['strict'], unit);
  }
  assert.notDeepEqual(values('snug.service', 'User'), values('snug-tor.service', 'User'));
});

test('Tor does not start without the firewall, nor does the network', () => {
  assert.ok(values('snug-tor.service', 'Requires').includes('snug-firewall.service'));
  assert.deepEqual(values('snug-firewall.service', 'RequiredBy'), ['systemd-networkd.service']);
});

test('units, socket folders, groups and the relay agree on names', () => {
  const env = {
    STATE_DIRECTORY: '/var/lib/snug',
    RUNTIME_DIRECTORY: '/run/snug',
    SNUG_TOR_LAUNCH: 'unit',
  };
  const paths = pathsOf(loadConfig({ file: '/dev/null', env }));
  assert.ok(read('snug.service').includes('SNUG_TOR_LAUNCH=unit'));
  assert.deepEqual(values('snug-tor.path', 'PathChanged'), [`${paths.unit?.handover}/torrc`]);
  assert.deepEqual(values('snug-tor.path', 'Unit'), ['snug-tor.service']);
  assert.deepEqual(values('snug.service', 'ReadWritePaths'), [paths.unit?.handover]);
  assert.deepEqual(values('snug-tor.service', 'RuntimeDirectory'), [paths.torSockets.slice(5)]);
  assert.deepEqual(values('snug-tor.service', 'StateDirectory'), [paths.unit?.home.slice(9)]);
  assert.deepEqual(values('snug-clock.path', 'PathChanged'), [paths.clockSkew]);
  assert.match(read('tmpfiles.d/snug.conf'), /^d \/run\/snug-to-tor 2750 snug snug-tor$/m);
  assert.match(read('sysusers.d/snug.conf'), /^m snug snug-tor$/m);
  for (const door of [paths.site, paths.ssb]) {
    assert.ok(door.startsWith(`${paths.unit?.handover}/`), door);
  }
});

test("the mail account's password goes from where the card keeps it to where the relay looks", () => {
  const [credential] = values('snug.service', 'LoadCredential');
  const [name = '', source = ''] = credential?.split(':') ?? [];
  const file = join(mkdtempSync(join(tmpdir(), 'snug-mail-')), 'snug.toml');
  writeFileSync(file, '[mail]\nserver = "mail.example.org"\nto = "me@example.org"\n');
  const { mail } = loadConfig({ file, env: { CREDENTIALS_DIRECTORY: '/run/credentials/snug' } });
  rmSync(dirname(file), { recursive: true });
  assert.equal(mail?.credential, `/run/credentials/snug/${name}`);
  assert.equal(placesBelow('/').mailPassword, `/etc/credstore/${source}`);
});

test('the profile lets Tor at the files of the torrc, and start nothing but bridges', () => {
  const profile = read('apparmor.d/snug-tor');
  for (const line of ['/run/snug-to-tor/torrc r,', '/run/snug-to-tor/{site,ssb}.sock rw,']) {
    assert.ok(profile.includes(line), line);
  }
  const started = [...profile.matchAll(/^ {2}(\S+) \w*[iupc]x,$/gim)].map(([, path]) => path);
  assert.deepEqual(started, ['/usr/bin/obfs4proxy', '/usr/bin/snowflake-client']);
});

test('AppArmor can read the profile', async (t) => {
  const without = await missing('apparmor_parser', 'apparmor');
  if (without !== undefined) return t.skip(without);
  await run('apparmor_parser', ['-Q', '-K', '-T', join(FOLDER, 'apparmor.d', 'snug-tor')]);
});

test('nft can read the firewall, with and without its additions', async (t) => {
  const without = await missing('nft', 'nftables');
  if (without !== undefined) return t.skip(without);
  if (process.getuid?.() !== 0) return t.skip('only root may make a network namespace');
  const folder = mkdtempSync(join(tmpdir(), 'snug-nft-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const more = readdirSync(join(FOLDER, 'firewall.d')).map((name) => read(`firewall.d/${name}`));
  const numbers = more.join('').replaceAll('"snug-tor"', '61202');
  for (const rules of [firewallHere(), firewallHere() + numbers]) {
    const file = join(folder, 'rules');
    writeFileSync(file, rules);
    await run('unshare', ['-n', 'nft', '-c', '-f', file]);
    writeFileSync(file, rules.replace('policy drop', 'policy dorp'));
    await assert.rejects(run('unshare', ['-n', 'nft', '-c', '-f', file]));
  }
});

test('every chain of the firewall drops what no rule lets through', () => {
  const chains = [...read('snug.nft').matchAll(/type filter hook (\w+) .*policy (\w+);/g)];
  assert.deepEqual(
    chains.map(([, hook, policy]) => `${hook} ${policy}`),
    ['input drop', 'forward drop', 'output drop'],
  );
});
