import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a small file that must never be found half-written, nor lost with the power: it is
 * written aside, synced, renamed, and its folder synced too.
 *
 * @param file path; the name with `.new` after it is used on the way
 * @param data its whole content
 * @param mode of the file, whatever the umask
 * @throws the error of the file system; the file then holds what it held before
 */
export function writeDurably(file: string, data: string | Buffer, mode = 0o600): void {
  const aside = `${file}.new`;
  // What a power cut left; made anew, no link is followed and no other mode is kept.
  rmSync(aside, { force: true });
  const handle = openSync(aside, 'wx', mode);
  try {
    fchmodSync(handle, mode);
    // A full disk may take a part of it; writeSync then says how much.
    const bytes = Buffer.from(data);
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
