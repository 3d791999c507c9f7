// `npm run image:test`: boots the built image in an emulator beside a private Tor network, and does
// what an operator, a visitor and a member do. As root or not.
//   --work FOLDER    where npm run image put out/ (image/)
//   --parts LIST     some of boot,settings,update,cuts,raspi3b; all by default
//   --cuts NUMBER    power cuts at random moments (10)
//   --keep           leaves the cards and logs where they are
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, needsBuild } from '../../scripts/build.mjs';
import { ensure, ensurePackages, report, SetupError } from '../../scripts/setup.mjs';
import { snugVersion } from '../lib/app.mjs';
import { IMAGE } from '../lib/layers.mjs';
import { say } from '../lib/run.mjs';
import { boot } from './parts/boot.mjs';
import { cuts } from './parts/cuts.mjs';
import { raspi3b } from './parts/raspi3b.mjs';
import { settings } from './parts/settings.mjs';
import { update } from './parts/update.mjs';
import { World } from './world.mjs';

const PARTS = { boot, settings, update, cuts, raspi3b };

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: IMAGE },
    parts: { type: 'string', default: Object.keys(PARTS).join() },
    cuts: { type: 'string', default: '10' },
    keep: { type: 'boolean', default: false },
  },
});

/** @returns {string[]} names of the parts to run, in the order given */
function chosenParts() {
  const names = options.parts.split(',');
  const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length === 0) return names;
  throw new SetupError(`No part is called ${unknown.join(', ')}; there are ${Object.keys(PARTS)}.`);
}

/** @returns {number} how many power cuts there are to be: none would be a test that cannot fail */
function chosenCuts() {
  const count = Number(options.cuts);
  if (Number.isInteger(count) && count > 0) return count;
  throw new SetupError(`--cuts ${options.cuts}: a whole number from 1 on.`);
}

async function test(folder, signal) {
  const [names, count] = [chosenParts(), chosenCuts()];
  const image = join(options.work, 'out', `snug-${snugVersion()}-arm64.img`);
  if (!existsSync(image)) throw new SetupError(`${image} is not there: "npm run image" builds it.`);
  const world = new World({ image, folder, signal });
  try {
    await world.open();
    for (const name of names) {
      const began = performance.now();
      say(`part ${name}`);
      await PARTS[name](world, count);
      say(`part ${name}: well, ${Math.round((performance.now() - began) / 1000)} s`);
    }
  } finally {
    await world.close();
  }
}

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ending.abort());
const folder = mkdtempSync(join(tmpdir(), 'snug-image-test-'));
try {
  await ensurePackages();
  await ensure(['tor', 'board', 'fatFiles', 'ext4', 'ssh']);
  if (needsBuild()) await build();
  await test(folder, ending.signal);
  say('all is well');
} catch (error) {
  process.exitCode = report(error);
  say(`logs: ${folder}`);
  options.keep = true;
} finally {
  // Whatever a part that failed has left running.
  ending.abort();
  if (!options.keep) rmSync(folder, { recursive: true, force: true });
}
