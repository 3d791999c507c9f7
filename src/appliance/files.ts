import { mkdir, open, readFile, rm } from 'node:fs/promises';
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
 * Writes a file so that a power cut leaves the old one or the new one, on FAT too: there a file's
 * length stands in its folder and is written anew, late, after a rename.
 *
 * @param path of the file, in a folder that is there
 * @param text its whole content
 * @param mode of the file
 */
export async function writeLasting(path: string, text: string, mode: number): Promise<void> {
  writeDurably(path, text, mode);
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
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
  await writeLasting(path, text, mode);
}
