// The main path: a fresh card in a board, a visitor, a member; then the operator, over ssh.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../../scripts/setup.mjs';
import { say } from '../../lib/run.mjs';
import { listFat, readFat } from '../card.mjs';
import { PROXY } from '../machine.mjs';
import { comeIn } from '../operator.mjs';
import { judgePackets } from '../packets.mjs';
import { becomeMember } from '../visit.mjs';
import { ADDRESS, BOOT_SECONDS, during } from '../world.mjs';

const MOST_MEMORY_KB = 350_000;

async function firstStart(world, card) {
  const capture = join(card.folder, 'first.pcap');
  return during(world.switchOn(card, 'first', { capture }), async (machine) => {
    await machine.waitFor(/Starting snug\.service/, BOOT_SECONDS);
    const began = performance.now();
    world.reached(machine, 'relay started');
    await machine.waitFor(ADDRESS, BOOT_SECONDS);
    world.reached(machine, 'address on the serial console');
    const host = await world.untilPublished(machine, 'onion published');
    const seconds = (performance.now() - began) / 1000;
    const mark = (text) => world.reached(machine, text);
    const { peer } = await becomeMember({ ...world, folder: card.folder, host, machine, mark });
    await peer.close();
    await machine.waitFor(/MemAvailable/, 120, machine.text.length);
    checkMemory(machine.text);
    assert.doesNotMatch(machine.text, /apparmor="DENIED"/);
    return { host, seconds, capture };
  });
}

function checkMemory(text) {
  const last = (name) =>
    Number([...text.matchAll(new RegExp(`${name}:\\s+(\\d+) kB`, 'g'))].at(-1)[1]);
  const used = last('MemTotal') - last('MemAvailable');
  say(`memory in use: ${Math.round(used / 1000)} MB`);
  assert.ok(used <= MOST_MEMORY_KB);
}

/** The relay alone, on this machine and the same network: for the ratio. */
async function onThisMachine(world) {
  const folder = join(world.folder, 'host');
  mkdirSync(folder);
  const config = join(folder, 'snug.toml');
  const paths = `[paths]\nstate = "${folder}/state"\nrun = "${folder}/run"\n`;
  writeFileSync(config, `${paths}[tor]\ninclude = "${world.network.include}"\n`);
  const began = performance.now();
  const main = join(ROOT, 'dist/src/main.js');
  const child = spawn(process.execPath, [main, 'start', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: world.signal,
  });
  const closed = once(child, 'close');
  try {
    for await (const line of createInterface({ input: child.stderr })) {
      if (/ready: http/.test(line)) return (performance.now() - began) / 1000;
    }
    throw new Error('the relay on this machine ended');
  } finally {
    child.kill();
    await closed;
  }
}

/** What went over the wire, and what a person finds on the card in a computer. */
async function checkTraces(card, { host, capture }) {
  const { tor, strange } = judgePackets(capture, PROXY);
  say(`${tor} packets of Tor; others beside DHCP and neighbours: ${strange.join(', ') || 'none'}`);
  assert.deepEqual(strange, []);
  assert.match(await readFat(card.disk, 'snug-address.txt'), new RegExp(host));
  const png = await readFat(card.disk, 'snug-address.png');
  assert.ok(png.length > 200, 'there is a picture of the address');
  say('the address stands on the FAT partition, as text and as a picture');
}

/** @returns {string[]} ports that something listens on, from /proc/net/{tcp,tcp6,udp,udp6} */
function listening(table) {
  const rows = [...table.matchAll(/^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /gm)];
  const open = rows.filter(([, , , state]) => state === '0A' || state === '07');
  return open.map(([, address, port]) => `${address}:${Number.parseInt(port, 16)}`);
}

/** Tor for apt on 127.0.0.1, and DHCP's client. */
function checkSockets(table) {
  const others = listening(table).filter((at) => at !== '0100007F:9050' && !/:68$/.test(at));
  assert.deepEqual(others, [], 'nothing else listens');
}

/** @returns what the boards' own loader reads first */
async function bootTexts(card) {
  return [await readFat(card.disk, 'config.txt'), await readFat(card.disk, 'cmdline.txt')];
}

/** What the night's updates do beside fetching packages: the boot partition is taken over as a copy. */
async function checkUpdates(operator) {
  const run = ['sudo', '/usr/lib/snug/appliance/boot-files', 'run'];
  const seen = await operator.run(...run, 'findmnt', '-no', 'SOURCE', '/boot/firmware');
  assert.match(seen, /\[\/var\/lib\/snug-card\/boot\]/, 'packages would see the copy');
  say('the boot partition has been taken over from a copy');
  await operator.run('sudo', 'logrotate', '--debug', '/etc/logrotate.conf');
  const free = await operator.run('sudo', 'tune2fs', '-l', '/dev/disk/by-label/snug-root');
  assert.match(free, /Reserved block count: +128000\n/, 'updates have room');
}

async function maintain(world, card, host) {
  const told = await readFat(card.disk, 'snug-ssh.txt');
  const before = await bootTexts(card);
  await during(world.switchOn(card, 'second'), async (machine) => {
    const operator = await comeIn({ ...world, told, folder: join(card.folder, 'operator') });
    try {
      await world.untilPublished(machine, 'second start: onion published, same address', host);
      const status = await operator.run('snug', 'status');
      say(`\n${status}`);
      assert.match(status, /Snug is well/);
      assert.match(status, /1 members?,/);
      world.reached(machine, 'snug status by ssh over the onion');
      assert.match(await operator.run('snug', 'log'), /ready: http/);
      const tables = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => `/proc/net/${name}`);
      checkSockets(await operator.run('sudo', 'cat', ...tables));
      const failed = ['systemctl', 'list-units', '--failed', '--plain', '--no-legend'];
      assert.equal((await operator.run(...failed)).trim(), '');
      const journal = await operator.run('sudo', 'journalctl', '-b', '-k', '--no-pager');
      assert.doesNotMatch(journal, /apparmor="DENIED"/);
      await checkUpdates(operator);
      // It ends the connection that it came by.
      await operator.run('sudo', 'systemctl', 'poweroff', '--no-block').catch(() => undefined);
      await machine.ended(180);
      world.reached(machine, 'shut down in order');
    } finally {
      await operator.stop();
    }
  });
  assert.deepEqual(await bootTexts(card), before, 'the board starts as before');
  assert.doesNotMatch((await listFat(card.disk)).join('\n'), /\.new/);
}

export async function boot(world) {
  const card = await world.freshCard('boot', { settings: world.settings(world.sshLines) });
  const first = await firstStart(world, card);
  const host = await onThisMachine(world);
  const ratio = (first.seconds / host).toFixed(1);
  say(`relay started to onion published: ${first.seconds.toFixed(1)} s in the emulator,`);
  say(`  ${host.toFixed(1)} s on this machine: ${ratio} times as long`);
  await checkTraces(card, first);
  await maintain(world, card, first.host);
}
