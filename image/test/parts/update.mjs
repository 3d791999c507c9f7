// Signed bundles on a running card, handed over by ssh: a version that is cut off while it proves
// itself, then one that proves itself, then one that never becomes ready.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../../scripts/setup.mjs';
import { installApp, snugVersion } from '../../lib/app.mjs';
import { say } from '../../lib/run.mjs';
import { readFat } from '../card.mjs';
import { comeIn } from '../operator.mjs';
import { BOOT_SECONDS, during } from '../world.mjs';

/** Ten minutes, and what a busy emulator needs to go back. */
const TRIAL_SECONDS = 1500;
const OLD = snugVersion();
const [GOOD, BAD] = ['999.0.0', '999.0.1'];

const compiled = (name) => import(pathToFileURL(join(ROOT, 'dist/src/update', name)).href);

/** @returns a bundle of this checkout under another version's name */
async function bundle(folder, version, privateKey, change = () => undefined) {
  const { packBundle } = await compiled('pack.js');
  const home = join(folder, version);
  cpSync(join(folder, 'tree/opt/snug', OLD), home, { recursive: true });
  const file = join(home, 'package.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }));
  change(home);
  const target = join(folder, `${version}.bundle`);
  await packBundle({ folder: home, target, arch: 'arm64', epoch: 1_700_000_000, privateKey });
  return readFileSync(target);
}

/** Fails as a version does that was built wrongly. */
function spoil(home) {
  const text = "throw new Error('test: this version does not start');\n";
  writeFileSync(join(home, 'dist/src/main.js'), text);
}

async function checkVersions(operator, words) {
  const told = await operator.run('snug', 'update');
  say(`\n${told}`);
  for (const form of words) assert.match(told, form);
}

/** The relay and with it the operator's way in start anew. */
async function install(machine, operator, bytes) {
  const from = machine.text.length;
  // It ends with the relay's Tor, by which it came; what is told afterwards is what counts.
  await operator.give(bytes, 'snug', 'update', '-').catch((error) => say(error.message));
  await machine.waitFor(/Starting snug\.service/, BOOT_SECONDS, from);
  return from;
}

async function cutTheTrial(world, card, bytes) {
  return during(world.switchOn(card, 'cut'), async (machine) => {
    const host = await world.untilPublished(machine, 'update: onion published');
    await world.untilTold(machine);
    const told = await readFat(card.disk, 'snug-ssh.txt');
    const operator = await comeIn({ ...world, told, folder: join(card.folder, 'operator') });
    try {
      const from = await install(machine, operator, bytes);
      await machine.waitFor(/Starting snug-tor\.service/, BOOT_SECONDS, from);
    } catch (error) {
      await operator.stop();
      throw error;
    }
    world.reached(machine, 'update: power cut while the new version proves itself');
    return { host, operator };
  });
}

export async function update(world) {
  const { publicKeyText } = await compiled('keys.js');
  const { privateKey } = generateKeyPairSync('ed25519');
  const card = await world.freshCard('update', {
    settings: world.settings(world.sshLines),
    files: { '/etc/snug/release-keys/test.pub': publicKeyText(privateKey) },
  });
  mkdirSync(join(card.folder, 'tree'));
  await installApp(join(card.folder, 'tree'));
  const good = await bundle(card.folder, GOOD, privateKey);
  const bad = await bundle(card.folder, BAD, privateKey, spoil);
  const { host, operator } = await cutTheTrial(world, card, good);
  try {
    await during(world.switchOn(card, 'after'), async (machine) => {
      await world.untilPublished(machine, 'update: published after the cut, same address', host);
      await checkVersions(operator, [new RegExp(`In use +Snug ${OLD}\\n`)]);
      let from = await install(machine, operator, good);
      await machine.waitFor(/Finished snug-update\.service/, TRIAL_SECONDS, from);
      world.reached(machine, 'update: the new version has proved itself');
      await checkVersions(operator, [RegExp(`In use +Snug ${GOOD}\\n`), /updated from/]);
      assert.match(await operator.run('snug', 'status'), RegExp(`Version +${GOOD}`));
      from = await install(machine, operator, bad);
      await machine.waitFor(/test: this version does not start/, TRIAL_SECONDS, from);
      await machine.waitFor(/snug-update\.service: Failed with result/, TRIAL_SECONDS, from);
      world.reached(machine, 'update: gone back from a version that does not start');
      await checkVersions(operator, [RegExp(`In use +Snug ${GOOD}\\n`)]);
      // The status would say, and end with 1, that the relay was started again and again.
      assert.match(await operator.run('snug', 'address'), RegExp(host));
    });
  } finally {
    await operator.stop();
  }
}
