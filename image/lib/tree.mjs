// The card's whole file system as a folder: packages, layers, Snug and its units.
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ROOT, SetupError } from '../../scripts/setup.mjs';
import { installApp } from './app.mjs';
import { checkTree } from './check.mjs';
import { EMULATED } from './emulate.mjs';
import { treeOf } from './layers.mjs';
import { must, say } from './run.mjs';

/** Copies a folder over another: root's, readable, and executable where git says so. */
export function layOver(from, to) {
  for (const name of treeOf(from)) {
    const source = join(from, name);
    const target = join(to, name);
    const stat = lstatSync(source);
    if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (stat.isDirectory()) mkdirSync(target, { recursive: true, mode: 0o755 });
    else {
      copyFileSync(source, target);
      chmodSync(target, stat.mode & 0o111 ? 0o755 : 0o644);
    }
  }
}

/** @returns {[path: string, source: string][]} where a folder's content is laid, and what it is */
function pairsOf(from, to = '') {
  return treeOf(from).map((name) => [join(to, name), join(from, name)]);
}

/** Where folders of systemd/ go (docs/appliance.md). */
const PLACES = {
  'sysusers.d': 'usr/lib/sysusers.d',
  'tmpfiles.d': 'usr/lib/tmpfiles.d',
  'apparmor.d': 'etc/apparmor.d',
  // From here to /etc/snug/firewall.d where the card's settings ask for it (src/appliance/).
  'firewall.d': 'usr/lib/snug/firewall.d',
};

/** Templates: they lie with Snug itself (app.mjs), which fills them in. */
const TEMPLATES = 'clearnet';

/** @returns {[place: string, mode: number]} where a file of systemd/ goes, by its name */
function placeOf(name) {
  if (name.endsWith('.nft')) return ['etc/snug', 0o644];
  return name.includes('.') ? ['usr/lib/systemd/system', 0o644] : ['usr/libexec', 0o755];
}

/**
 * Lays what is in systemd/ where the card looks for it.
 * @returns {[path: string, source: string][]} of it all
 */
export function installUnits(tree) {
  const laid = [];
  const folder = join(ROOT, 'systemd');
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === TEMPLATES) continue;
    const [place, mode] = entry.isDirectory() ? [PLACES[entry.name]] : placeOf(entry.name);
    if (place === undefined)
      throw new SetupError(`image/lib/tree.mjs has no place for ${entry.name}.`);
    mkdirSync(join(tree, place), { recursive: true, mode: 0o755 });
    if (mode === undefined) {
      layOver(join(folder, entry.name), join(tree, place));
      laid.push(...pairsOf(join(folder, entry.name), place));
      continue;
    }
    copyFileSync(join(folder, entry.name), join(tree, place, entry.name));
    chmodSync(join(tree, place, entry.name), mode);
    laid.push([join(place, entry.name), join(folder, entry.name)]);
  }
  return laid;
}

/** Whose updates the card takes (image/release-keys/README.md); @returns paths and sources */
function installReleaseKeys(tree) {
  const [from, place] = [join(ROOT, 'image', 'release-keys'), 'usr/lib/snug/release-keys'];
  mkdirSync(join(tree, place), { recursive: true, mode: 0o755 });
  const names = readdirSync(from).filter((name) => name.endsWith('.pub'));
  for (const name of names) {
    copyFileSync(join(from, name), join(tree, place, name));
    chmodSync(join(tree, place, name), 0o644);
  }
  return names.map((name) => [join(place, name), join(from, name)]);
}

/** The operator's file, with line ends that any editor knows. */
function writeExample(tree) {
  const text = readFileSync(join(ROOT, 'snug.example.toml'), 'utf8');
  writeFileSync(join(tree, 'boot', 'firmware', 'snug.toml'), text.replaceAll('\n', '\r\n'));
}

/** Nothing has to be brought up to date at the first boot (systemd-update-done.service(8)). */
function markUpdated(tree, epoch) {
  for (const folder of ['etc', 'var']) {
    writeFileSync(join(tree, folder, '.updated'), `TIMESTAMP_NSEC=${epoch}000000000\n`);
  }
}

/** Runs a program of the card under emulation. */
async function inside(tree, ...command) {
  await must('chroot', [tree, ...command], { env: { ...EMULATED, PATH: '/usr/sbin:/usr/bin' } });
}

/** @returns {[path: string, source: string][]} what the layers' `early` or `files` lay into the tree */
export function laidBy(layers, kind) {
  return layers.flatMap((layer) => (layer[kind] === undefined ? [] : pairsOf(layer[kind])));
}

/**
 * @param {object} wish layers; rootTar (the packages); tree (an empty folder); epoch (seconds)
 * @throws SetupError when a step fails
 */
export async function makeTree({ layers, rootTar, tree, epoch }) {
  mkdirSync(tree, { recursive: true });
  say('unpacking the root file system');
  await must('tar', ['-xf', rootTar, '-C', tree, '--numeric-owner', '--xattrs-include=*']);
  await installApp(tree);
  writeExample(tree);
  const units = [...installUnits(tree), ...installReleaseKeys(tree)];
  for (const { files } of layers) if (files !== undefined) layOver(files, tree);
  say('users and services');
  const env = `SOURCE_DATE_EPOCH=${epoch}`;
  await inside(tree, 'env', env, 'systemd-sysusers');
  await inside(tree, 'systemctl', 'preset-all');
  const masked = layers.flatMap((layer) => layer.masked);
  await inside(tree, 'systemctl', 'mask', ...masked);
  await inside(tree, 'systemctl', 'set-default', 'multi-user.target');
  markUpdated(tree, epoch);
  // In the order in which they were laid: a later one takes an earlier one's place.
  const ours = new Map([...laidBy(layers, 'early'), ...units, ...laidBy(layers, 'files')]);
  await checkTree(tree, { ours, masked });
}
