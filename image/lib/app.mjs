// Snug itself, as it lies on the card: compiled code, its packages for arm64, templates.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { build, needsBuild } from '../../scripts/build.mjs';
import { ensurePackages, ROOT } from '../../scripts/setup.mjs';
import { treeOf } from './layers.mjs';
import { must, say } from './run.mjs';

/** Where it lies on the card: each version in a folder of its own, and a link to the one that runs. */
const HOME = 'opt/snug';

/** No scripts run; optional packages are those of the card, not of this machine. */
const NPM_CI = [
  'ci',
  '--omit=dev',
  '--ignore-scripts',
  '--os=linux',
  '--cpu=arm64',
  '--libc=glibc',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

/** Compiled folders that never run on a card. */
const NOT_ON_THE_CARD = ['demo', 'bench'];

/**
 * What no running relay opens: the compiler (a peer dependency of types), an archiver for Windows
 * (granax's browser bundle), sources of the native parts, and texts for developers.
 */
const NEVER_OPENED = [
  /^(typescript|@typescript|7zip)$/,
  /^(leveldown|classic-level|sodium-native)\/(deps|src|binding\.gyp|binding\.cc?|libsodium)/,
  /\.(md|markdown|map|ts|mts|cts|flow|html)$/i,
  /(^|\/)\.(bin|github|nyc_output)$/,
];

/** Native parts for other systems. Debian's libc is glibc. */
function isForeign(path) {
  const [, platform, file] = /\/prebuilds\/([^/]+)\/?([^/]*)$/.exec(`/${path}`) ?? [];
  return platform !== undefined && (platform !== 'linux-arm64' || file.includes('musl'));
}

/** Takes away what the card does not need; @param {string} folder a node_modules */
export function prune(folder) {
  for (const path of treeOf(folder)) {
    if (isForeign(path) || NEVER_OPENED.some((rule) => rule.test(path))) {
      rmSync(join(folder, path), { recursive: true, force: true });
    }
  }
}

/** @returns {string} Snug's version */
export function snugVersion() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;
}

/**
 * @param {string} tree root of the card's file system; gets opt/snug
 * @throws SetupError when npm or the compiler fail
 */
export async function installApp(tree) {
  await ensurePackages();
  if (needsBuild()) await build();
  const version = snugVersion();
  const home = join(tree, HOME, version);
  mkdirSync(home, { recursive: true });
  symlinkSync(version, join(tree, HOME, 'current'));
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    cpSync(join(ROOT, name), join(home, name));
  }
  say('npm ci, for arm64');
  const npm = process.env.npm_execpath;
  const [file, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  await must(file, [...first, ...NPM_CI], { cwd: home });
  prune(join(home, 'node_modules'));
  rmSync(join(home, '.npmrc'));
  // systemd/clearnet: `snug clearnet render` fills these in.
  const texts = ['torrc', 'systemd/clearnet', 'README.md', 'docs', 'LICENSE', 'snug.example.toml'];
  for (const name of texts) {
    cpSync(join(ROOT, name), join(home, name), { recursive: true });
  }
  for (const name of readdirSync(join(ROOT, 'dist', 'src'))) {
    if (NOT_ON_THE_CARD.includes(name)) continue;
    const filter = (path) => !path.endsWith('.map');
    cpSync(join(ROOT, 'dist', 'src', name), join(home, 'dist', 'src', name), {
      recursive: true,
      filter,
    });
  }
}
