// A finished file system as the rules of this folder see it.
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { treeOf } from '../layers.mjs';

/** Packages may still say /lib for what is /usr/lib now. */
const merged = (path) => path.replace(/^\//, '').replace(/^(bin|sbin|lib)\//, 'usr/$1/');

const INITRD = /^boot\/(.*\/)?initrd\.img-[^/]+$/;

/**
 * @typedef {object} View
 * @property {string} tree the folder
 * @property {{ path: string, stat: import('node:fs').Stats }[]} files everything in it, sorted
 * @property {Map<string, string | undefined>} ours paths that we put there, and of which file of this
 *   checkout each is a copy
 * @property {string[]} masked units that the layers say must never run
 * @property {string[]} capabilities paths of programs that have some
 * @property {(path: string) => Buffer} bytes of a file that is there
 * @property {(path: string) => Buffer} inside the same, unpacked where it is packed
 * @property {(path: string) => string} text of a file; empty when there is none
 * @property {(path: string) => string} target of a link; empty when it is none
 * @property {(path: string) => boolean} has
 * @property {(path: string) => string[]} dependsOf names of modules that a module of the kernel needs
 * @property {(path: string) => boolean} vouched whether it is exactly what a package brought
 * @property {(path: string) => boolean} copied whether its content is that of a package's file
 * @property {(path: string) => boolean} listed whether a package says that it is its own
 */

/** dpkg keeps MD5 sums: they tell a change that happened, not one that was made to deceive. */
function packageSums(tree) {
  const [sums, listed] = [new Map(), new Set()];
  const info = join(tree, 'var/lib/dpkg/info');
  for (const name of treeOf(info)) {
    if (!/\.(list|md5sums)$/.test(name)) continue;
    const lines = readFileSync(join(info, name), 'utf8').trim().split('\n');
    for (const line of lines) {
      if (name.endsWith('.list')) listed.add(merged(line));
      else sums.set(merged(line.slice(34)), line.slice(0, 32));
    }
  }
  // Configuration files stand here instead.
  const status = readFileSync(join(tree, 'var/lib/dpkg/status'), 'utf8');
  for (const [, path, sum] of status.matchAll(/^ \/(\S+) ([0-9a-f]{32})$/gm)) {
    sums.set(merged(path), sum);
  }
  return { sums, listed, contents: new Set(sums.values()) };
}

/**
 * @param {string} tree the card's file system
 * @param {object} known ours, masked, capabilities (see View); unpack, which takes and returns the
 *   content of an initramfs; dependsOf, which takes a module of the kernel and returns names; lstat, for tests without root
 * @returns {View}
 */
export function lookAt(tree, { ours, masked, capabilities, unpack, dependsOf, lstat = lstatSync }) {
  const files = treeOf(tree).map((path) => ({ path, stat: lstat(join(tree, path)) }));
  const kinds = new Map(files.map(({ path, stat }) => [path, stat]));
  const { sums, listed, contents } = packageSums(tree);
  const digests = new Map();
  const bytes = (path) => readFileSync(join(tree, path));
  const sumOf = (path) => {
    if (!kinds.get(path)?.isFile()) return undefined;
    if (!digests.has(path)) {
      const digest = createHash('md5').update(bytes(path));
      digests.set(path, digest.digest('hex'));
    }
    return digests.get(path);
  };
  return {
    ...{ tree, files, ours, masked, capabilities },
    bytes,
    inside: (path) => (INITRD.test(path) ? unpack(bytes(path)) : bytes(path)),
    text: (path) => (kinds.get(path)?.isFile() ? bytes(path).toString() : ''),
    target: (path) => (kinds.get(path)?.isSymbolicLink() ? readlinkSync(join(tree, path)) : ''),
    has: (path) => kinds.has(path),
    dependsOf: (path) => dependsOf(bytes(path)),
    vouched: (path) => sums.has(path) && sumOf(path) === sums.get(path),
    copied: (path) => contents.has(sumOf(path)),
    listed: (path) => listed.has(path),
  };
}
