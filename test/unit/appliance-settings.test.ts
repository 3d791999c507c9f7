import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { applySettings } from '../../src/appliance/apply.js';
import { type Places, placesBelow } from '../../src/appliance/places.js';
import { loadConfig } from '../../src/config/load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'snug-card-'));
after(() => rmSync(folder, { recursive: true }));
const EXAMPLE = readFileSync(new URL('../../../snug.example.toml', import.meta.url), 'utf8');
const KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@laptop';
const OTHER =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVaoMAm3ZLuB5JOqAavS2S6uSJ7VdL3QNcPa5kXqPmH ben@desk';
const WIFI = '[wifi]\nssid = "Fuchs"\npassword = "correct horse"\ncountry = "DE"\n';

/** A card with these files on its FAT partition. */
function card(files: Readonly<Record<string, string>>): Places {
  const places = placesBelow(mkdtempSync(join(folder, 'root-')));
  put(places, { 'cmdline.txt': 'root=LABEL=snug-root', ...files });
  mkdirSync(places.firewallRules, { recursive: true });
  for (const rule of ['ssh-lan.nft', 'snowflake.nft']) {
    writeFileSync(join(places.firewallRules, rule), `# ${rule}\n`);
  }
  return places;
}

function put(places: Places, files: Readonly<Record<string, string>>): void {
  mkdirSync(places.fat, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(places.fat, name), text);
}

const there = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
const read = (path: string) => readFileSync(path, 'utf8');
const errorsOf = (places: Places) => join(places.fat, 'snug-errors.txt');

test('the example as it is shipped, with Windows line ends, changes nothing and is no mistake', async () => {
  const places = card({ 'snug.toml': EXAMPLE.replaceAll('\n', '\r\n') });
  assert.deepEqual(await applySettings(places), []);
  for (const file of [places.wifi, places.network, places.authorizedKeys, errorsOf(places)]) {
    assert.equal(there(file), false, file);
  }
});

test('Wi-Fi is joined, and its password leaves the FAT partition for a file of root alone', async () => {
  const text = `\ufeff# mine\r\n${WIFI.replaceAll('\n', '\r\n')}\r\n[site]\r\ntitle = "Fox"\r\n`;
  const places = card({ 'snug.toml': text });
  assert.deepEqual(await applySettings(places), []);
  const supplicant = read(places.wifi);
  assert.match(supplicant, /^\tssid=4675636873$/m);
  assert.match(supplicant, /^\tpsk="correct horse"$/m);
  assert.match(supplicant, /^country=DE$/m);
  assert.equal(statSync(places.wifi).mode & 0o777, 0o600);
  const left = read(join(places.fat, 'snug.toml'));
  assert.equal(left.includes('correct horse'), false);
  assert.equal(left.split('\r\n').length, text.split('\r\n').length, 'every other line stays');
  assert.equal(read(places.config).includes('correct horse'), false, 'nor has the relay it');
  assert.equal(loadConfig({ file: places.config, env: {} }).site.title, 'Fox');
});

test('the password that was taken off is used again, for its own network only', async () => {
  const places = card({ 'snug.toml': WIFI });
  await applySettings(places);
  await applySettings(places);
  assert.match(read(places.wifi), /psk="correct horse"/);
  put(places, { 'snug.toml': '[wifi]\nssid = "Igel"\ncountry = "DE"\n' });
  await applySettings(places);
  assert.match(read(places.wifi), /key_mgmt=NONE/);
});

const MAIL = '[mail]\nserver = "mail.example.org"\nuser = "ada"\nto = "ada@example.org"\n';

for (const [what, line, name] of [
  ['named in snug.toml', 'password_file = "secret"\n', 'secret'],
  ['named in snug.toml, by an editor that adds .txt', 'password_file = "secret"\n', 'secret.txt'],
  ['with the usual name', '', 'mail-password.txt'],
] as const) {
  test(`the password for mail leaves the FAT partition, as a file ${what}`, async () => {
    const places = card({ 'snug.toml': MAIL + line, [name]: '\ufeffopen sesame\r\n' });
    for (const start of ['first', 'second']) {
      assert.deepEqual(await applySettings(places), [], start);
      assert.equal(read(places.mailPassword), 'open sesame\n');
      assert.equal(statSync(places.mailPassword).mode & 0o777, 0o600);
      assert.equal(there(join(places.fat, name)), false);
      const { mail } = loadConfig({ file: places.config, env: {} });
      assert.equal(mail?.user, 'ada');
      assert.equal(mail?.passwordFile, undefined, 'the relay has it from systemd');
    }
  });
}

test('a file for the password that is not there is told, and looked for again', async () => {
  const places = card({ 'snug.toml': `${MAIL}password_file = "secret"\n` });
  assert.match((await applySettings(places)).join('\n'), /mail\.password_file: put that file/);
  put(places, { secret: 'open sesame' });
  assert.deepEqual(await applySettings(places), []);
  assert.equal(read(places.mailPassword), 'open sesame\n');
});

test('a mail account without a password is told, and how to give it one', async () => {
  const places = card({ 'snug.toml': MAIL });
  assert.match((await applySettings(places)).join('\n'), /mail\.user: .*mail-password\.txt/);
  assert.match(read(errorsOf(places)), /mail-password\.txt/);
  put(places, { 'mail-password.txt': 'open sesame' });
  assert.deepEqual(await applySettings(places), []);
  assert.equal(there(errorsOf(places)), false);
});

test('a file for the password that is not on the FAT partition stays as it is', async () => {
  const text = `${MAIL}password_file = "/var/lib/snug/mail-password"\n`;
  const places = card({ 'snug.toml': text });
  assert.deepEqual(await applySettings(places), []);
  assert.equal(read(places.config), text);
  assert.equal(there(places.mailPassword), false);
});

test('mistakes are told in words with their lines, and the last sound settings hold', async () => {
  const places = card({ 'snug.toml': `[ssh]\nkeys = ["${KEY}"]\n` });
  await applySettings(places);
  put(places, {
    'snug.toml': '[site]\ntitel = "Fox"\n\n[network]\naddress = "192.168.1.300/24"\n',
  });
  const problems = (await applySettings(places)).join('\n');
  assert.match(problems, /line 2: site\.titel/);
  assert.match(problems, /line 5: network\.address/);
  assert.match(read(errorsOf(places)), /line 5: network\.address.*\r\n/);
  assert.equal(read(places.authorizedKeys), `${KEY}\n`);
  put(places, { 'snug.toml': `[ssh]\nkeys = ["${KEY}"]\n` });
  assert.deepEqual(await applySettings(places), []);
  assert.equal(there(errorsOf(places)), false, 'mended: the complaint goes');
});

test('on the first start a file that is no TOML leaves the defaults', async () => {
  const places = card({ 'snug.toml': '[wifi\nssid = Fuchs\n' });
  assert.match((await applySettings(places)).join('\n'), /line 1, column \d+: this is not TOML/);
  assert.equal(there(places.config), false);
  assert.equal(there(places.wifi), false);
});

test('a password that is too short is complained about without being shown', async () => {
  const places = card({ 'snug.toml': WIFI.replace('correct horse', 'geheim') });
  const problems = (await applySettings(places)).join('\n');
  assert.match(problems, /line 3: wifi\.password/);
  assert.equal(problems.includes('geheim'), false);
});

test('ssh: keys let in, the LAN only where the file says so, and leaving them out ends it', async () => {
  const places = card({ 'snug.toml': `[ssh]\nkeys = ["${KEY}"]\n` });
  await applySettings(places);
  assert.equal(there(join(places.firewall, 'ssh-lan.nft')), false);
  put(places, { 'snug.toml': `[ssh]\nkeys = ["${KEY}"]\nlan = true\n` });
  await applySettings(places);
  assert.equal(read(join(places.firewall, 'ssh-lan.nft')), '# ssh-lan.nft\n');
  put(places, { 'snug.toml': '[ssh]\nlan = true\n' });
  await applySettings(places);
  assert.equal(there(places.authorizedKeys), false);
  assert.equal(there(join(places.firewall, 'ssh-lan.nft')), false, 'no key: no door');
});

test('a fixed address takes the place of DHCP', async () => {
  const network = '[network]\naddress = "192.168.1.20/24"\ngateway = "192.168.1.1"\n';
  const places = card({ 'snug.toml': network });
  await applySettings(places);
  assert.match(
    read(places.network),
    /^Address=192\.168\.1\.20\/24\nGateway=192\.168\.1\.1\nDHCP=no$/m,
  );
});

const PRESEED = `[system]
hostname = "gasthaus"
[user]
name = "ada"
password = "$5$abc"
[ssh]
enabled = true
authorized_keys = ["${OTHER}"]
[wlan]
ssid = "Igel"
password = "stachelig"
country = "at"
hidden = true
`;

test("Raspberry Pi Imager's settings are honoured and leave the FAT partition", async () => {
  const places = card({ 'snug.toml': EXAMPLE, 'rpi-preseed.toml': PRESEED });
  for (const start of ['first', 'second']) {
    assert.deepEqual(await applySettings(places), [], start);
    assert.equal(read(places.hostname), 'gasthaus\n');
    assert.equal(read(places.authorizedKeys), `${OTHER}\n`);
    assert.match(read(places.wifi), /psk="stachelig"/);
    assert.match(read(places.wifi), /scan_ssid=1/);
    assert.match(read(places.wifi), /^country=AT$/m);
    const keys = loadConfig({ file: places.config, env: {} }).card.ssh.keys;
    assert.deepEqual(keys, [OTHER], 'the relay knows that there is ssh');
    assert.equal(there(join(places.fat, 'rpi-preseed.toml')), false);
  }
});

test('snug.toml wins over Raspberry Pi Imager, and keys of both let in', async () => {
  const text = `${WIFI}[ssh]\nkeys = ["${KEY}"]\n`;
  const places = card({ 'snug.toml': text, 'rpi-preseed.toml': PRESEED });
  assert.deepEqual(await applySettings(places), []);
  assert.match(read(places.wifi), /psk="correct horse"/);
  assert.equal(read(places.authorizedKeys), `${KEY}\n${OTHER}\n`);
});

test("a mistake in snug.toml does not keep out the keys of Raspberry Pi Imager's", async () => {
  const places = card({ 'snug.toml': 'nonsense', 'rpi-preseed.toml': PRESEED });
  assert.match((await applySettings(places)).join('\n'), /line 1/);
  assert.match(read(places.authorizedKeys), /ben@desk/);
  // The relay gives ssh an onion when its own configuration names a key.
  assert.equal(loadConfig({ file: places.config, env: {} }).card.ssh.keys.length, 1);
});

test("a damaged file of Raspberry Pi Imager's is told, and the rest holds", async () => {
  const places = card({ 'snug.toml': WIFI, 'rpi-preseed.toml': '[ssh\n' });
  assert.match((await applySettings(places)).join('\n'), /rpi-preseed\.toml, line 1/);
  assert.match(read(places.wifi), /psk="correct horse"/);
});

test('without the FAT partition everything stays as it is', async () => {
  const places = card({ 'snug.toml': WIFI });
  await applySettings(places);
  rmSync(places.fat, { recursive: true });
  assert.match((await applySettings(places)).join('\n'), /the settings of the last start hold/);
  assert.match(read(places.wifi), /psk="correct horse"/);
  assert.equal(there(dirname(places.fat)), true);
});

test('a file that a power cut has emptied is written anew from what is in force', async () => {
  const places = card({ 'snug.toml': WIFI });
  await applySettings(places);
  const before = read(join(places.fat, 'snug.toml'));
  put(places, { 'snug.toml': '' });
  assert.deepEqual(await applySettings(places), []);
  assert.equal(read(join(places.fat, 'snug.toml')), before);
  assert.match(read(places.wifi), /psk="correct horse"/);
});

test('names and passwords cannot smuggle lines into the configuration of Wi-Fi', async () => {
  const text = '[wifi]\nssid = "a\\"}"\npassword = "quote\\"} \\\\n"\ncountry = "DE"\n';
  const places = card({ 'snug.toml': text });
  assert.deepEqual(await applySettings(places), []);
  assert.match(read(places.wifi), /^\tssid=61227d\n/m);
  assert.match(read(places.wifi), /^\tpsk="quote"} \\n"$/m);
  const forged = card({ 'snug.toml': text.replace('a\\"}', 'a\\n}') });
  assert.match((await applySettings(forged)).join('\n'), /wifi\.ssid/);
});
