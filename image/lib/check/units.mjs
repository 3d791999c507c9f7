// What runs: units that are enabled, by us or by their packages, and units that never may.
import { basename } from 'node:path';
import { linesOf } from '../layers.mjs';

/** One line each, as `entryOf` makes them. */
const ENABLED = linesOf(new URL('enabled.txt', import.meta.url));

const FOLDERS = /^(etc|usr\/lib)\/systemd\/(system|user)\/(.*)$/;

/** systemd reads below etc and usr/lib as one (systemd.unit(5)). */
const UNIT_HOME = /^(\/usr\/lib\/systemd\/(system|user)\/|\.\.\/)[^/]+$/;

/** `multi-user.target.wants/snug.service`, or `sshd.service -> ssh.service` for another name. */
function entryOf(kind, name, target) {
  const whose = kind === 'user' ? `user/${name}` : name;
  const known = UNIT_HOME.test(target) ? basename(target) : target;
  return known === basename(name) ? whose : `${whose} -> ${known}`;
}

/** @returns links that start something, and links that are other names (of units in etc only) */
function linksOf(view) {
  return view.files.flatMap(({ path }) => {
    const [, root, kind, name] = FOLDERS.exec(path) ?? [];
    const target = view.target(path);
    if (target === '' || target === '/dev/null') return [];
    const starts = /\.(wants|requires|upholds)\/[^/]+$/.test(name);
    return starts || root === 'etc' ? [entryOf(kind, name, target)] : [];
  });
}

export function* enabled(view) {
  const links = linksOf(view);
  for (const link of links) if (!ENABLED.includes(link)) yield `${link} is enabled`;
  for (const link of ENABLED) if (!links.includes(link)) yield `${link} is not enabled`;
}

export function* masked(view) {
  const folder = 'etc/systemd/system/';
  const closed = view.files
    .filter(({ path }) => path.startsWith(folder) && view.target(path) === '/dev/null')
    .map(({ path }) => path.slice(folder.length));
  for (const name of view.masked) if (!closed.includes(name)) yield `${name} is not masked`;
  for (const name of closed) if (!view.masked.includes(name)) yield `${name} is masked`;
}

/** Where a script has no unit, systemd-sysv-generator(8) makes one at boot, and starts it. */
export function* oldScripts(view) {
  for (const { path } of view.files) {
    const [, name] = /^etc\/init\.d\/([^/]+)$/.exec(path) ?? [];
    if (name === undefined) continue;
    const places = ['etc', 'usr/lib'].map((root) => `${root}/systemd/system/${name}.service`);
    if (!places.some((place) => view.has(place))) yield `${path} would become a service`;
  }
  if (view.has('etc/rc.local')) yield 'etc/rc.local would become a service';
}
