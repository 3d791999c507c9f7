import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, needsBuild } from './build.mjs';
import { checkNode, ensure, ensurePackages, ROOT, report } from './setup.mjs';

/**
 * Makes the checkout ready, then runs a compiled program in this very process: signals, exit code
 * and terminal are its own, and no second Node stays in memory beside it.
 * @param {string} program path below dist/src
 * @param {string[]} args what it finds from process.argv[2] on
 * @param {import('./setup.mjs').Need[]} needs programs of the distribution
 */
export async function become(program, args, needs) {
  try {
    checkNode();
    await ensurePackages();
    await ensure(needs);
    if (needsBuild()) await build();
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  const file = join(ROOT, 'dist', 'src', program);
  process.argv.splice(1, process.argv.length, file, ...args);
  await import(pathToFileURL(file).href);
}
