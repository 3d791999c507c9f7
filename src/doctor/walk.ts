import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../support/errors.js';

/** More files than a full relay has; a folder with more is not looked through to its end. */
const MOST = 300_000;

/** A file or folder that was found. */
export interface Walked {
  readonly path: string;
  readonly stats: Stats;
}

/** A running relay makes and removes files while they are counted. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * Goes through a folder and all below it, links not followed.
 *
 * @param root may be missing; then there is nothing
 */
export async function* walk(root: string): AsyncGenerator<Walked> {
  const waiting = [root];
  for (let count = 0; count < MOST; count += 1) {
    const path = waiting.pop();
    if (path === undefined) return;
    const stats = await unlessGone(lstat(path));
    if (stats === undefined) continue;
    yield { path, stats };
    if (!stats.isDirectory()) continue;
    for (const name of (await unlessGone(readdir(path))) ?? []) waiting.push(join(path, name));
  }
}

/**
 * @param paths some of which are named
 * @param folder is left out in front of them
 * @returns at most three of them, for a sentence
 */
export function some(paths: readonly string[], folder: string): string {
  const names = paths.slice(0, 3).map((path) => path.slice(folder.length + 1) || path);
  const more = paths.length > names.length ? ` and ${paths.length - names.length} more` : '';
  return `${names.join(', ')}${more}`;
}
