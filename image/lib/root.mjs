// The root file system of the packages: made by mmdebstrap, kept under the hash of its recipe.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../scripts/setup.mjs';
import { SUITE } from './apt.mjs';
import { EMULATED } from './emulate.mjs';
import { recipeHash, treeOf } from './layers.mjs';
import { must, output, say } from './run.mjs';

const OPTIONS = [
  '--mode=root',
  '--architectures=arm64',
  '--variant=minbase',
  '--format=tar',
  '--aptopt=APT::Install-Recommends "false"',
  '--aptopt=Acquire::Languages "none"',
  // Of the build only: no fsync for each file, no question about files that are there already.
  '--dpkgopt=force-unsafe-io',
  '--dpkgopt=force-confold',
  '--dpkgopt=force-confdef',
];

/** All `early` folders laid into one, as mmdebstrap and apt want them. */
export function gatherEarly(layers, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'etc', 'apt', 'preferences.d'), { recursive: true });
  for (const { early } of layers)
    if (early !== undefined) cpSync(early, folder, { recursive: true });
  return folder;
}

function mmdebstrapArgs({ layers, early, sourcesFile, target }) {
  const dpkgFiles = join(early, 'etc', 'dpkg', 'dpkg.cfg.d');
  const names = layers.flatMap(({ packages }) => packages);
  return [
    ...OPTIONS,
    ...treeOf(dpkgFiles).map((name) => `--dpkgopt=${join(dpkgFiles, name)}`),
    `--include=${names.join(',')}`,
    `--setup-hook=sync-in ${early} /`,
    ...layers.flatMap(({ finish }) => (finish === undefined ? [] : [`--customize-hook=${finish}`])),
    SUITE,
    target,
    sourcesFile,
  ];
}

async function build(args, { scratch, epoch }) {
  const env = { ...EMULATED, TMPDIR: scratch, SOURCE_DATE_EPOCH: String(epoch), INITRD: 'No' };
  await must('mmdebstrap', args, { env });
}

/** @returns {Promise<string[]>} `name version` of what dpkg says is installed in a tar, sorted */
async function installedIn(tar) {
  const status = await output('tar', ['-xOf', tar, './var/lib/dpkg/status']);
  return status.split('\n\n').flatMap((record) => {
    const [, name] = /^Package: (.*)$/m.exec(record) ?? [];
    const [, version] = /^Version: (.*)$/m.exec(record) ?? [];
    return name === undefined ? [] : [`${name} ${version}`];
  });
}

/**
 * @param {object} wish layers; versions (`name version sha256` of every package); sources (lines);
 *   early and scratch (folders); cache (folder); epoch (seconds: no file of it is younger)
 * @returns {Promise<string>} the tar of the root file system
 * @throws SetupError when mmdebstrap fails or installs something else than `versions`
 */
export async function packageRoot({ layers, versions, sources, early, scratch, cache, epoch }) {
  const name = `root-${recipeHash(layers, versions, `${epoch} ${OPTIONS.join(' ')}`)}`;
  const tar = join(cache, `${name}.tar`);
  if (existsSync(tar)) {
    say(`the root file system is cached: ${name}`);
    return tar;
  }
  say(`setting up ${versions.length} packages (${name}); this takes ten minutes or more`);
  const sourcesFile = join(scratch, 'sources.list');
  writeFileSync(sourcesFile, `${sources.join('\n')}\n`);
  const target = join(cache, `${name}.part.tar`);
  await build(mmdebstrapArgs({ layers, early, sourcesFile, target }), { scratch, epoch });
  const wanted = versions.map((line) => line.split(' ').slice(0, 2).join(' ')).sort();
  const found = (await installedIn(target)).sort();
  const strange = found.filter((line) => !wanted.includes(line));
  const missing = wanted.filter((line) => !found.includes(line));
  if (strange.length + missing.length > 0) {
    throw new SetupError(
      `mmdebstrap installed something else than planned: ${[...strange, ...missing].join(', ')}`,
    );
  }
  renameSync(target, tar);
  return tar;
}
