import { chmod } from 'node:fs/promises';
import type { Check, Found } from './finding.js';
import { some, walk } from './walk.js';

const OTHERS = 0o077;
const OWN = 0o700;

/** @param paths whose rights for the group and for others are taken away */
async function tighten(paths: readonly string[], modes: ReadonlyMap<string, number>) {
  for (const path of paths) await chmod(path, (modes.get(path) ?? OWN) & OWN);
}

function open(folder: string, paths: string[], modes: ReadonlyMap<string, number>): Found {
  // Nobody gets at what lies in a folder that they may not enter.
  const grave = modes.has(folder);
  return {
    grave,
    what: `Others on this machine have rights to ${some(paths, folder)} in ${folder}.`,
    reason: grave
      ? 'Keys, codes and sockets are there; whoever has them can pose as this relay.'
      : 'Only the mode of the folder keeps them out, and one slip there would let them in.',
    remedy: 'Take the rights of others away (chmod go= on each).',
    repair: () => tighten(paths, modes),
  };
}

function foreign(folder: string, paths: string[], owner: number): Found {
  return {
    grave: true,
    what: `${some(paths, folder)} in ${folder} belong to another user than the folder.`,
    reason:
      'The relay cannot write what is not its own, and stops. A command run as root does that.',
    remedy: `Give them back: sudo chown -R ${owner} ${folder}`,
  };
}

/**
 * Everything below the relay's folders is nobody else's: folders 0700, files 0600, one owner.
 *
 * @param folders for state and sockets; one that is missing is well, for the relay makes it
 */
export function fileModes(folders: readonly string[]): Check {
  return {
    name: 'file modes',
    async look() {
      const found: Found[] = [];
      for (const folder of folders) found.push(...(await lookIn(folder)));
      return found;
    },
  };
}

async function lookIn(folder: string): Promise<Found[]> {
  const modes = new Map<string, number>();
  const others: string[] = [];
  let owner: number | undefined;
  for await (const { path, stats } of walk(folder)) {
    owner ??= stats.uid;
    if (stats.uid !== owner) others.push(path);
    // Links have no rights of their own, and what lies behind is not ours.
    if (!stats.isSymbolicLink() && (stats.mode & OTHERS) !== 0) modes.set(path, stats.mode);
  }
  return [
    ...(modes.size === 0 ? [] : [open(folder, [...modes.keys()], modes)]),
    ...(others.length === 0 || owner === undefined ? [] : [foreign(folder, others, owner)]),
  ];
}
