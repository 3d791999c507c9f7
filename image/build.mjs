// `npm run image`: builds the card's image from Debian packages and this checkout, as root.
//   --work FOLDER           where cache/ and out/ are made (image/)
//   --mirror URL            Debian's archive, when it is not to be that of this machine's apt
//   --security-mirror URL   the same for security updates
//   --release               fails when apt's packages are not those of image/packages.lock
//   --update-lock           writes image/packages.lock
//   --url URL               the folder that the image will be downloaded from, for the manifest
//   --draft                 the image alone: not compressed, nothing beside it
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensure, IMAGE_NEEDS, ROOT, report } from '../scripts/setup.mjs';
import { snugVersion } from './lib/app.mjs';
import { findMirrors, resolvePackages, sourceLines } from './lib/apt.mjs';
import { makeDisk } from './lib/disk.mjs';
import { enableEmulation } from './lib/emulate.mjs';
import { IMAGE, readLayers } from './lib/layers.mjs';
import { checkDrift, readLock, writeLock } from './lib/lock.mjs';
import { emptyFolder, insideNamespace, makeScratch } from './lib/namespace.mjs';
import { compress, writeOutputs } from './lib/outputs.mjs';
import { gatherEarly, packageRoot } from './lib/root.mjs';
import { output, say } from './lib/run.mjs';
import { makeTree } from './lib/tree.mjs';

const { values: options } = parseArgs({
  options: {
    work: { type: 'string', default: IMAGE },
    mirror: { type: 'string' },
    'security-mirror': { type: 'string' },
    release: { type: 'boolean', default: false },
    'update-lock': { type: 'boolean', default: false },
    url: { type: 'string' },
    draft: { type: 'boolean', default: false },
  },
});

/** @returns {Promise<number>} when the commit was made, in seconds; everything in the image is as old */
async function commitEpoch() {
  const given = Number(process.env.SOURCE_DATE_EPOCH);
  if (given > 0) return given;
  return Number(await output('git', ['log', '-1', '--format=%ct'], { cwd: ROOT }));
}

/** @returns {Promise<string[]>} `name version sha256` of all packages, held against the lock */
async function plannedPackages({ cache, early, sources, layers }) {
  const versions = await resolvePackages({
    folder: join(cache, 'apt'),
    sources,
    preferences: join(early, 'etc', 'apt', 'preferences.d'),
    names: layers.flatMap(({ packages }) => packages),
  });
  if (options['update-lock']) writeLock(versions);
  checkDrift(versions, options.release);
  return versions;
}

async function build() {
  await ensure(IMAGE_NEEDS);
  await enableEmulation();
  const [cache, out] = [join(options.work, 'cache'), join(options.work, 'out')];
  const scratch = join(cache, 'scratch');
  emptyFolder(scratch);
  for (const folder of [cache, out]) mkdirSync(folder, { recursive: true });
  await makeScratch(scratch);
  const layers = readLayers();
  const early = gatherEarly(layers, join(scratch, 'early'));
  const mirrors = await findMirrors({
    mirror: options.mirror,
    securityMirror: options['security-mirror'],
  });
  const sources = sourceLines(mirrors);
  const versions = await plannedPackages({ cache, early, sources, layers });
  const rootEpoch = readLock().epoch;
  const rootTar = await packageRoot({
    layers,
    versions,
    sources,
    early,
    scratch,
    cache,
    epoch: rootEpoch,
  });
  const epoch = await commitEpoch();
  const version = snugVersion();
  const tree = join(scratch, 'tree');
  await makeTree({ layers, rootTar, tree, epoch });
  const image = join(out, `snug-${version}-arm64.img`);
  const { mib } = await makeDisk({ tree, image, scratch, epoch });
  say(`${image}: ${mib} MiB`);
  if (options.draft) return emptyFolder(scratch);
  say('compressing');
  const packed = await compress(image);
  const home = join(tree, 'opt', 'snug', version);
  const hashes = await writeOutputs({
    ...{ image, packed, version, versions, home, epoch },
    url: options.url,
  });
  say(`${packed}: ${Math.round(statSync(packed).size / 1e6)} MB, SHA-256 ${hashes.packed}`);
  emptyFolder(scratch);
}

try {
  if (await insideNamespace()) await build();
} catch (error) {
  process.exitCode = report(error);
}
