// What apt of the build machine knows and can fetch: mirrors, package versions, hashes.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../scripts/setup.mjs';
import { must, output } from './run.mjs';

export const SUITE = 'trixie';
const ARCHITECTURE = 'arm64';
const COMPONENTS = 'main non-free-firmware';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** @returns {Promise<Map<string, string>>} URLs of Debian's archives in this machine's apt, by label */
async function ownMirrors() {
  const format = '$(ORIGIN)|$(LABEL)|$(REPO_URI)';
  const lines = (await output('apt-get', ['indextargets', '--format', format])).split('\n');
  const parts = lines.map((line) => line.split('|')).filter(([origin]) => origin === 'Debian');
  return new Map(parts.map(([, label, url]) => [label, url]));
}

/**
 * No package host stands in this repository: it is the one that this machine uses itself.
 * @param {{ mirror?: string, securityMirror?: string }} given options that win
 * @returns {Promise<{ main: string, security: string }>} URLs
 * @throws SetupError when this machine's apt has no Debian mirror
 */
export async function findMirrors({ mirror, securityMirror }) {
  let own = await ownMirrors();
  // Who is who stands in the lists, which a fresh or tidied machine does not have.
  if (!own.has('Debian')) {
    await must('apt-get', ['-q', 'update']);
    own = await ownMirrors();
  }
  const main = mirror ?? own.get('Debian');
  if (main === undefined) {
    throw new SetupError("This machine's apt names no Debian mirror; give one with --mirror URL.");
  }
  const beside = `${main.replace(/\/$/, '')}-security`;
  return { main, security: securityMirror ?? own.get('Debian-Security') ?? beside };
}

/** @returns {string[]} the lines of a sources.list for the card's system */
export function sourceLines({ main, security }) {
  const signed = `[signed-by=${KEYRING}]`;
  const suites = [SUITE, `${SUITE}-updates`, `${SUITE}-backports`];
  return [
    ...suites.map((suite) => `deb ${signed} ${main} ${suite} ${COMPONENTS}`),
    `deb ${signed} ${security} ${SUITE}-security ${COMPONENTS}`,
  ];
}

/** @returns {Promise<string[]>} options for an apt that looks at nothing but these sources */
async function separateApt(folder, sources, preferences) {
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'archives', 'partial'), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(join(folder, 'sources.list'), `${sources.join('\n')}\n`);
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': preferences,
    'Dir::State': folder,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': folder,
    'APT::Architecture': ARCHITECTURE,
    'APT::Architectures::': ARCHITECTURE,
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** What `--variant=minbase` of mmdebstrap starts from. */
const MINIMUM = ['?essential', '?priority(required)', 'apt'];

/** A line of `apt-get install --print-uris`: 'URL' name_version_arch.deb size hash */
const DEB = /^'\S+' ([^_]+)_(\S+)_[a-z0-9]+\.deb /;

/**
 * Asks apt what an installation of these packages would be today.
 * @param {{ folder: string, sources: string[], preferences: string, names: string[] }} wish
 *   `folder` holds apt's lists between calls
 * @returns {Promise<string[]>} `name version sha256` of every package, sorted
 * @throws SetupError when the packages cannot be had
 */
export async function resolvePackages({ folder, sources, preferences, names }) {
  const options = await separateApt(folder, sources, preferences);
  await must('apt-get', [...options, '-q', '--error-on=any', 'update']);
  const plan = [...options, '-qq', '-y', '--print-uris', 'install', ...MINIMUM, ...names];
  const debs = (await output('apt-get', plan)).split('\n').flatMap((line) => {
    const [, name, version] = DEB.exec(line) ?? [];
    return name === undefined ? [] : [`${name}=${decodeURIComponent(version)}`];
  });
  if (debs.length === 0) throw new SetupError('apt-get names no package; see its words above.');
  const records = (await output('apt-cache', [...options, 'show', ...debs])).split('\n\n');
  const field = (record, name) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1];
  const hashes = new Map(
    records.map((record) => [
      `${field(record, 'Package')}=${field(record, 'Version')}`,
      field(record, 'SHA256'),
    ]),
  );
  return debs.map((deb) => `${deb.replace('=', ' ')} ${hashes.get(deb) ?? '-'}`).sort();
}

/**
 * @param {{ folder: string, sources: string[], name: string, version: string }} wish `folder` gets
 *   the package
 * @returns {Promise<string>} its file
 * @throws SetupError when it cannot be had
 */
export async function fetchPackage({ folder, sources, name, version }) {
  const options = await separateApt(folder, sources, '/dev/null');
  await must('apt-get', [...options, '-q', '--error-on=any', 'update']);
  await must('apt-get', [...options, '-q', 'download', `${name}=${version}`], { cwd: folder });
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`));
  if (file === undefined) throw new SetupError(`apt-get brought no ${name}.`);
  return join(folder, file);
}
