import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeDurably } from '../support/durable-file.js';
import { codeOf } from '../support/errors.js';

/**
 * @param path of a text file
 * @returns its text, undefined when there is none
 */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a file say something, or takes it away. A file that says so already is left alone: each
 * write wears the card.
 *
 * @param path of the file; its folder is made
 * @param text what it is to say; undefined: no file
 * @param mode of a new file
 */
export async function keep(path: string, text: string | undefined, mode = 0o644): Promise<void> {
  if (text === undefined) {
    await rm(path, { force: true });
    return;
  }
  if ((await readIfThere(path)) === text) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  writeDurably(path, text, mode);
}
