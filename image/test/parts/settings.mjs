// What an operator writes on the FAT partition: with a mistake in it, then without; Raspberry Pi
// Imager's own settings; Wi-Fi, a fixed address, mail with its password.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../../scripts/setup.mjs';
import { say } from '../../lib/run.mjs';
import { airFiles } from '../air.mjs';
import { listFat, putOnFat, readFat } from '../card.mjs';
import { PROXY } from '../machine.mjs';
import { comeIn } from '../operator.mjs';
import { judgePackets } from '../packets.mjs';
import { ADDRESS, BOOT_SECONDS, during } from '../world.mjs';

const compiled = (path) => import(pathToFileURL(join(ROOT, 'dist/test/support', path)).href);
const WIFI_PASSWORD = 'a password of the air';
const IMAGER_SSID = "Imager's own";

/** With the mistake of the third line, nothing else of the file holds. */
const WRONG = ['\ufeff# A comment.', '[invites]', 'per_hour = "many"', ''].join('\r\n');

/** As Raspberry Pi Imager 2 writes it. */
const preseed = (key) => `[system]
hostname = "harbour"
[user]
name = "pi"
password = "$y$j9T$unused"
[ssh]
enabled = true
authorized_keys = [ "${key}" ]
[wlan]
ssid = "${IMAGER_SSID}"
password = "${WIFI_PASSWORD}"
country = "DE"
`;

/** A first start with a wrong file: told on the screen and on the card, and the box comes up. */
async function wrongSettings(world, card) {
  await putOnFat(card.disk, 'rpi-preseed.toml', preseed(world.key.text));
  await during(world.switchOn(card, 'wrong'), async (machine) => {
    await machine.waitFor(/The settings on the card have mistakes/, BOOT_SECONDS);
    const [, host] = await machine.waitFor(ADDRESS, BOOT_SECONDS);
    world.reached(machine, `wrong settings: told on the screen; address ${host.slice(0, 8)}…`);
    await machine.waitFor(/wlan0: CTRL-EVENT-CONNECTED/, BOOT_SECONDS);
    world.reached(machine, "wrong settings: in the Wi-Fi that Imager's settings name");
    await world.untilTold(machine);
  });
  const told = await readFat(card.disk, 'snug-errors.txt');
  say(`\n${told}`);
  assert.match(told, /line 3/);
  assert.match(told, /per_hour/);
  const names = (await listFat(card.disk)).join('\n');
  assert.doesNotMatch(names, /rpi-preseed/, "Imager's file, with its secrets, is taken off");
  assert.match(names, /snug-ssh\.txt/, "Imager's key lets the operator in");
}

/** @returns {Promise<object>} a mail server behind an onion */
async function startMail(world) {
  const { startMailServer, USER, PASSWORD } = await compiled('mail-server.js');
  const { startOnionService } = await compiled('onion-service.js');
  const { eventually } = await compiled('wait.js');
  const socket = join(world.folder, 'smtp.sock');
  const server = await startMailServer(socket, {
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    authOptional: false,
  });
  const folder = join(world.folder, 'mail-onion');
  const onion = await startOnionService(world.network.include, folder, 587, socket);
  const stop = async () => {
    await server.stop();
    await onion.node.stop();
  };
  const isFirst = ({ raw }) => raw.includes('Subject: Snug: the address');
  const first = () =>
    eventually('the first mail', () => server.received.find(isFirst), BOOT_SECONDS * 1000);
  return { host: onion.host, user: USER, password: PASSWORD, first, stop };
}

async function writeRightSettings(world, card, mail) {
  const lines = [
    ...['[mail]', `server = "${mail.host}"`, 'tls = "none"', `user = "${mail.user}"`],
    ...['to = "me@example.org"', '[wifi]', 'ssid = "Café au lait"'],
    ...[`password = "${WIFI_PASSWORD}"`, 'country = "FR"'],
    ...['[network]', 'address = "10.0.2.77/24"', 'gateway = "10.0.2.2"'],
  ];
  await putOnFat(card.disk, 'snug.toml', world.settings(lines));
  await putOnFat(card.disk, 'mail-password.txt', `${mail.password}\r\n`);
}

/** What the settings have become, seen from within. */
async function checkEffects(operator) {
  const wifi = await operator.run('sudo', 'cat', '/etc/wpa_supplicant/wpa_supplicant-wlan0.conf');
  assert.ok(wifi.includes(Buffer.from('Café au lait').toString('hex')));
  assert.ok(wifi.includes('country=FR') && wifi.includes(`psk="${WIFI_PASSWORD}"`));
  const secrets = [
    '/etc/wpa_supplicant/wpa_supplicant-wlan0.conf',
    '/etc/credstore/snug.mail-password',
  ];
  const modes = await operator.run('sudo', 'stat', '-c', '%a:%U', ...secrets);
  assert.deepEqual(modes.trim().split('\n'), ['600:root', '600:root']);
  assert.equal((await operator.run('hostname')).trim(), 'harbour');
  assert.match(await operator.run('ip', '-4', 'addr', 'show', 'eth0'), /inet 10\.0\.2\.77\/24/);
}

async function rightSettings(world, card, mail) {
  await writeRightSettings(world, card, mail);
  const told = await readFat(card.disk, 'snug-ssh.txt');
  const capture = join(card.folder, 'right.pcap');
  await during(world.switchOn(card, 'right', { capture }), async (machine) => {
    const host = await world.untilPublished(machine, 'right settings: onion published');
    const operator = await comeIn({ ...world, told, folder: join(card.folder, 'operator') });
    try {
      const { raw } = await mail.first();
      assert.ok(raw.replaceAll('=\r\n', '').includes(`${host}/invite/`));
      world.reached(machine, 'right settings: the first mail has come, with the address');
      await checkEffects(operator);
    } finally {
      await operator.stop();
    }
  });
  const { tor, strange } = judgePackets(capture, PROXY);
  assert.deepEqual(strange, [], 'only Tor talks');
  say(`right settings: ${tor} packets of Tor and no others, with a fixed address`);
  const names = (await listFat(card.disk)).join('\n');
  assert.doesNotMatch(names, /snug-errors|mail-password/);
  assert.doesNotMatch(await readFat(card.disk, 'snug.toml'), new RegExp(WIFI_PASSWORD));
}

export async function settings(world) {
  const air = { folder: join(world.folder, 'air'), ssid: IMAGER_SSID, password: WIFI_PASSWORD };
  const files = await airFiles(air);
  const card = await world.freshCard('settings', { settings: WRONG, files });
  await wrongSettings(world, card);
  const mail = await startMail(world);
  try {
    await rightSettings(world, card, mail);
  } finally {
    await mail.stop();
  }
}
