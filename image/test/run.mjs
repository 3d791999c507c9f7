// `npm run image:test`: boots the built image in an emulator beside a private Tor network, and does
// what an operator, a visitor and a member do. As root or not; takes about a quarter of an hour.
//   --work FOLDER    where npm run image put out/ (image/)
//   --cuts NUMBER    power cuts at random moments (10)
//   --boards LIST    virt,raspi3b by default; virt is always tested
//   --keep           leaves the cards and logs where they are
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, needsBuild } from '../../scripts/build.mjs';
import { ensure, ensurePackages, report } from '../../scripts/setup.mjs';
import { snugVersion } from '../lib/app.mjs';
import { IMAGE } from '../lib/layers.mjs';
import { say } from '../lib/run.mjs';
import { makeCard, readFat } from './card.mjs';
import { guestFiles } from './guest-files.mjs';
import { Machine, PROXY } from './machine.mjs';
import { makeKey, operatorTor, ssh } from './operator.mjs';
import { judgePackets } from './packets.mjs';
import { startProxy } from './socks-proxy.mjs';
import { becomeMember, startNetwork } from './visit.mjs';

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: IMAGE },
    cuts: { type: 'string', default: '10' },
    boards: { type: 'string', default: 'virt,raspi3b' },
    keep: { type: 'boolean', default: false },
  },
});

const ADDRESS = /http:\/\/([a-z2-7]{56}\.onion)\/invite\//;
const READY = /snug: ready: http:\/\/([a-z2-7]{56}\.onion)\/invite\//;
const BOOT_SECONDS = 600;

/** Steps with the seconds at which they were reached. */
const figures = [];
function reached(machine, text) {
  figures.push([text, machine.seconds]);
  say(`${text}: ${machine.seconds} s after power-on`);
}

async function firstBoot(card, world) {
  const capture = join(world.folder, 'first.pcap');
  const machine = new Machine(card, {
    log: join(world.folder, 'first.log'),
    capture,
    ...world.way,
  });
  try {
    const [, host] = await machine.waitFor(ADDRESS, BOOT_SECONDS);
    reached(machine, 'address on the serial console');
    await machine.waitFor(READY, BOOT_SECONDS);
    reached(machine, 'onion published');
    const mark = (text) => reached(machine, text);
    const { peer, code } = await becomeMember({ ...world, host, machine, mark });
    await peer.close();
    await machine.waitFor(/MemTotal/, 120, machine.text.length);
    return { host, code, machine };
  } finally {
    await machine.cut();
  }
}

/** What a person finds on the card in a computer. */
async function checkFat(card, host) {
  assert.match(await readFat(card.disk, 'snug-address.txt'), new RegExp(host));
  const png = await readFat(card.disk, 'snug-address.png');
  assert.ok(png.length > 200, 'there is a picture of the address');
  say('the address stands on the FAT partition, as text and as a picture');
}

/** The second start: ssh over its own onion with client authorisation, and an orderly end. */
async function maintain(card, world, host) {
  const machine = new Machine(card, { log: join(world.folder, 'second.log'), ...world.way });
  const told = await readFat(card.disk, 'snug-ssh.txt');
  const tor = await operatorTor({ ...world, told, folder: world.own });
  try {
    const [, again] = await machine.waitFor(READY, BOOT_SECONDS);
    assert.equal(again, host, 'the address stays the same');
    reached(machine, 'second boot: onion published, same address');
    const to = { ...tor, key: world.key.file, folder: world.own };
    const status = await ssh(to, 'snug', 'status');
    assert.match(status, /Snug is well/);
    assert.match(status, /1 member/);
    reached(machine, 'snug status by ssh over the onion');
    say(`\n${status}\n${await ssh(to, 'free', '-m')}`);
    const sockets = await ssh(
      to,
      'sudo',
      'cat',
      '/proc/net/tcp',
      '/proc/net/tcp6',
      '/proc/net/udp',
    );
    say(`\n${sockets}`);
    await ssh(to, 'sudo', 'systemctl', 'poweroff', '--no-block');
    await machine.ended(120);
    reached(machine, 'shut down in order');
  } finally {
    await tor.stop();
    await machine.cut();
  }
}

async function bootAgain(card, world, host, name) {
  const machine = new Machine(card, { log: join(world.folder, `${name}.log`), ...world.way });
  try {
    const [, again] = await machine.waitFor(READY, BOOT_SECONDS);
    assert.equal(again, host, 'the address stays the same');
    reached(machine, `${name}: onion published, same address`);
    return machine.text;
  } finally {
    await machine.cut();
  }
}

/** Power cuts at moments that a seed decides, so that a run can be repeated. */
async function powerCuts(card, world, host, count) {
  for (let i = 0; i < count; i++) {
    const machine = new Machine(card, { log: join(world.folder, 'cuts.log'), ...world.way });
    const digest = createHash('sha256').update(`cut ${i}`).digest();
    const seconds = 5 + (digest.readUInt16BE(0) % 120);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    await machine.cut();
    say(`power cut ${i + 1} of ${count}, ${seconds} s after power-on`);
  }
  await bootAgain(card, world, host, `after ${count} power cuts`);
}

/** The device tree and the SD slot of a real board, as far as the emulator plays them. */
async function raspi3b(image, folder) {
  const files = guestFiles({});
  const card = await makeCard({ image, folder: join(folder, 'raspi3b'), files });
  const machine = new Machine(card, { board: 'raspi3b', log: join(folder, 'raspi3b.log') });
  try {
    await machine.waitFor(ADDRESS, 2 * BOOT_SECONDS);
    reached(machine, 'raspi3b: address on the serial console');
  } finally {
    await machine.cut();
  }
}

async function test(folder, signal) {
  const image = join(options.work, 'out', `snug-${snugVersion()}-arm64.img`);
  const proxy = await startProxy();
  const network = await startNetwork(join(folder, 'network'), signal, say);
  try {
    const { socks } = await network.startClient('visitor', signal);
    const files = guestFiles({ include: network.include });
    const own = join(folder, 'operator');
    mkdirSync(own);
    const key = await makeKey(own);
    const settings = [
      '# For the emulator.',
      '[tor]',
      'include = "/etc/snug/test.torrc"',
      '[ssh]',
      `keys = ["${key.text}"]`,
      '',
    ].join('\r\n');
    const card = await makeCard({ image, folder: join(folder, 'card'), settings, files });
    const way = { proxyPort: proxy.port, signal };
    const world = { folder, socks, network, signal, own, key, way };
    const { host, machine } = await firstBoot(card, world);
    const memory = machine.text.match(/Mem(?:Total|Available):\s+\d+/g) ?? [];
    say(memory.slice(-2).join(', '));
    const { tor, strange } = judgePackets(join(folder, 'first.pcap'), PROXY);
    say(
      `${tor} packets of Tor; others beside DHCP and neighbours: ${strange.join(', ') || 'none'}`,
    );
    assert.deepEqual(strange, []);
    await checkFat(card, host);
    await maintain(card, world, host);
    await powerCuts(card, world, host, Number(options.cuts));
    if (options.boards.includes('raspi3b')) await raspi3b(image, folder);
    writeFileSync(join(folder, 'figures.json'), JSON.stringify(figures));
  } finally {
    await network.stop();
    proxy.stop();
  }
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ending.abort());
const folder = mkdtempSync(join(tmpdir(), 'snug-image-test-'));
try {
  await ensurePackages();
  await ensure(['tor', 'board', 'fatFiles', 'ext4']);
  if (needsBuild()) await build();
  mkdirSync(folder, { recursive: true });
  await test(folder, ending.signal);
  say('all is well');
} catch (error) {
  process.exitCode = report(error);
  say(`logs: ${folder}`);
  options.keep = true;
} finally {
  if (!options.keep) rmSync(folder, { recursive: true, force: true });
}
