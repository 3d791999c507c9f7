import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a file so that a power cut leaves the old one or the new one.
 *
 * @param path of the file; beside it, `.<name>.new` is used
 * @param data its whole content
 * @param mode of the file, whatever the umask
 */
export async function writeFileSafely(
  path: string,
  data: string | Buffer,
  mode = 0o600,
): Promise<void> {
  const folder = dirname(path);
  const aside = join(folder, `.${path.slice(folder.length + 1)}.new`);
  await rm(aside, { force: true });
  const file = await open(aside, 'wx', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  const entry = await open(folder, 'r');
  try {
    await entry.sync();
  } finally {
    await entry.close();
  }
}
