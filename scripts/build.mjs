// Compiles src and test into dist, when something has changed.
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE, ROOT, SetupError } from './setup.mjs';

const SOURCES = ['src', 'test'];
/** What else changes the result. */
const SETTINGS = ['tsconfig.json', 'package-lock.json'];
/** Where tsc remembers what it has compiled (tsconfig.json, tsBuildInfoFile). */
const NOTES = join('dist', 'tsconfig.tsbuildinfo');
const STAMP = join('dist', '.built');

/** @returns {string[]} paths of all files below `folder`, relative to `root`, sorted */
export function filesBelow(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(join(root, '/').length))
    .sort();
}

/** @returns {string[]} compiled files, relative to `root`, whose source is gone */
export function staleOutputs(root = ROOT) {
  return SOURCES.flatMap((folder) => filesBelow(root, join('dist', folder))).filter((file) => {
    const source = file.replace(/^dist\//, '').replace(/\.js(\.map)?$/, '.ts');
    return !existsSync(join(root, source));
  });
}

/** @returns {boolean} whether a source has no compiled file; then tsc must not trust its notes */
function lacksOutputs(root) {
  const sources = SOURCES.flatMap((folder) => filesBelow(root, folder));
  const code = sources.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  return code.some((file) => !existsSync(join(root, 'dist', file.replace(/\.ts$/, '.js'))));
}

/** @returns {boolean} whether a source was changed, added or removed since the last build */
export function needsBuild(root = ROOT) {
  const built = statSync(join(root, STAMP), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined || staleOutputs(root).length > 0 || lacksOutputs(root)) {
    return true;
  }
  const sources = SOURCES.flatMap((folder) => filesBelow(root, folder));
  return [...sources, ...SETTINGS].some((file) => statSync(join(root, file)).mtimeMs >= built);
}

/**
 * Compiles, and removes what deleted sources have left in dist.
 * @throws SetupError when the types are not right
 */
export async function build(machine = MACHINE, root = ROOT) {
  for (const file of staleOutputs(root)) rmSync(join(root, file));
  rmSync(join(root, STAMP), { force: true });
  if (lacksOutputs(root)) rmSync(join(root, NOTES), { force: true });
  const began = new Date();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const code = await machine.run(process.execPath, [tsc, '--project', 'tsconfig.json'], {
    cwd: root,
  });
  if (code !== 0) throw new SetupError('The code does not compile (see above).');
  writeFileSync(join(root, STAMP), `${began.toISOString()}\n`);
  utimesSync(join(root, STAMP), began, began);
}
