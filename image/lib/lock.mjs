// image/packages.lock: every Debian package of the card, with version and hash, and their date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../scripts/setup.mjs';
import { IMAGE } from './layers.mjs';
import { say } from './run.mjs';

const FILE = join(IMAGE, 'packages.lock');
const DAY = 86_400;

/** @returns {{ epoch: number, versions: string[] }} what the lock says; epoch in seconds */
export function readLock(file = FILE) {
  if (!existsSync(file)) return { epoch: DAY * Math.floor(Date.now() / 1000 / DAY), versions: [] };
  const lines = readFileSync(file, 'utf8').split('\n');
  const date = /^# (\d{4}-\d{2}-\d{2}):/.exec(lines[0] ?? '')?.[1];
  if (date === undefined) throw new SetupError(`The first line of ${file} has no date.`);
  const versions = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return { epoch: Date.parse(date) / 1000, versions };
}

/** Writes what apt offers today; @param {string[]} versions `name version sha256` */
export function writeLock(versions, file = FILE) {
  const date = new Date().toISOString().slice(0, 10);
  const head = `# ${date}: name, version and SHA-256 of each package. Made by: npm run image -- --update-lock`;
  writeFileSync(file, `${[head, ...versions].join('\n')}\n`);
}

/** @returns {string[]} a sentence for each package that is not as the lock says */
export function drift(locked, offered) {
  const byName = (lines) => new Map(lines.map((line) => [line.split(' ')[0], line]));
  const [was, is] = [byName(locked), byName(offered)];
  const version = (line) => line?.split(' ')[1] ?? 'nothing';
  return [...new Set([...was.keys(), ...is.keys()])]
    .sort()
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => {
      const [from, to] = [version(was.get(name)), version(is.get(name))];
      return from === to ? `${name} ${from}: other content` : `${name}: ${from} → ${to}`;
    });
}

/**
 * @param {string[]} offered what apt has today
 * @param {boolean} strict a release: it must be what the lock says
 * @throws SetupError that names every difference, when strict
 */
export function checkDrift(offered, strict) {
  const changes = drift(readLock().versions, offered);
  if (changes.length === 0) return;
  const words = `${changes.length} packages are not those of image/packages.lock:\n  ${changes.join('\n  ')}`;
  if (!strict) return say(`${words}\n  (npm run image -- --update-lock)`);
  throw new SetupError(
    `${words}\nA release is built from the lock. npm run image -- --update-lock`,
  );
}
