// The build's own view of the file systems: whatever it mounts ends with it, however it ends.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { run, SetupError } from '../../scripts/setup.mjs';
import { must, say } from './run.mjs';

const INSIDE = 'SNUG_IMAGE_INSIDE';
/** The root file system, its tar and the parts of the disk image, with room to spare. */
const SCRATCH_BYTES = 6 * 1024 ** 3;

/**
 * Runs this very program again in a mount namespace.
 * @returns {Promise<boolean>} true in that second run; after it, false in the first, whose exit code
 *   is then that of the second
 */
export async function insideNamespace() {
  if (process.env[INSIDE] === '1') return true;
  if (process.getuid?.() !== 0) throw new SetupError('The image is built as root.');
  const self = [process.execPath, ...process.argv.slice(1)];
  process.exitCode = await run('unshare', ['--mount', '--propagation=private', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  return false;
}

/** Makes a folder for work in progress: in memory where there is enough, which is twice as fast. */
export async function makeScratch(folder) {
  mkdirSync(folder, { recursive: true });
  if (freemem() < 1.5 * SCRATCH_BYTES) return say(`working in ${folder}`);
  await must('mount', ['-t', 'tmpfs', '-o', `size=${SCRATCH_BYTES},mode=0755`, 'tmpfs', folder]);
  return undefined;
}

/** Removes what is in a folder, which itself may be a mount point. */
export function emptyFolder(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}
