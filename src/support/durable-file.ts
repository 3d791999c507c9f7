import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a small file that must never be found half-written, nor lost with the power: it is
 * written aside, synced, renamed, and its folder synced too. Mode 0600.
 *
 * @param file path; the name with `.new` after it is used on the way
 * @param text what it shall hold
 * @throws the error of the file system; the file then holds what it held before
 */
export function writeDurably(file: string, text: string): void {
  const aside = `${file}.new`;
  const handle = openSync(aside, 'w', 0o600);
  try {
    // A full disk may take a part of it; writeSync then says how much.
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(aside, file);
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
