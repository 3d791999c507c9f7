// The layers of the image: folders whose names say their order.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const IMAGE = fileURLToPath(new URL('..', import.meta.url));

/**
 * @typedef {object} Layer
 * @property {string} name such as 10-base
 * @property {string[]} packages of Debian, by name
 * @property {string[]} masked units that never run
 * @property {string | undefined} early folder copied into the root before any package is set up
 * @property {string | undefined} finish program run when all packages are set up (cached with them)
 * @property {string | undefined} files folder copied into the finished root (never cached)
 */

function below(folder, name) {
  const path = join(folder, name);
  return existsSync(path) ? path : undefined;
}

/** @returns {string[]} lines of a list without its comments */
export function linesOf(file) {
  if (file === undefined) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
}

/** @returns {Layer[]} in the order in which they are laid */
export function readLayers(folder = join(IMAGE, 'layers')) {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const own = join(folder, name);
      return {
        name,
        packages: linesOf(below(own, 'packages')),
        masked: linesOf(below(own, 'masked')),
        early: below(own, 'early'),
        finish: below(own, 'finish.sh'),
        files: below(own, 'files'),
      };
    });
}

/** Node's own recursive listing would follow links to folders. */
function* walk(folder, prefix) {
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    yield path;
    if (entry.isDirectory()) yield* walk(folder, path);
  }
}

/** @returns {string[]} paths of everything below a folder, relative to it, sorted */
export function treeOf(folder) {
  return [...walk(folder, '')].sort();
}

/** Feeds a hash with names, modes and contents of a folder. */
function hashTree(hash, folder) {
  for (const name of treeOf(folder)) {
    const path = join(folder, name);
    const { mode } = statSync(path, { throwIfNoEntry: false }) ?? { mode: 0 };
    hash.update(`${name}\0${mode & 0o111}\0`);
    if ((mode & 0o170000) === 0o100000) hash.update(readFileSync(path));
    else if (mode === 0) hash.update(readlinkSync(path));
  }
}

/**
 * @param {readonly Layer[]} layers
 * @param {readonly string[]} versions every package with its version and hash
 * @param {string} builder text of whatever else decides what the root is like
 * @returns {string} a name for the root file system that these make
 */
export function recipeHash(layers, versions, builder) {
  const hash = createHash('sha256').update(builder).update(versions.join('\n'));
  for (const { name, packages, early, finish } of layers) {
    hash.update(`${name}\0${packages.join(' ')}\0`);
    if (early !== undefined) hashTree(hash, early);
    if (finish !== undefined) hash.update(readFileSync(finish));
  }
  return hash.digest('hex').slice(0, 16);
}
