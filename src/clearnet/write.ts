import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { ALL_PATHS, type GeneratedFile, HEADING } from './files.js';

/** systemd and the proxy's user read them; there is no secret in them. */
const READABLE_FILE = 0o644;
const READABLE_FOLDER = 0o755;

/** What {@link writeFiles} did. Paths below the root, as in {@link GeneratedFile}. */
export interface Written {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Only folders that are new get the mode, whatever the umask; others stay as they are. */
async function makeFolders(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await chmod(made, READABLE_FOLDER);
  }
}

/** A power cut leaves the old file or the new one, never half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  await makeFolders(dirname(path));
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(aside, 'wx', READABLE_FILE);
    try {
      await file.writeFile(text);
      await file.chmod(READABLE_FILE);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** @returns the file's text, undefined when there is none */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** @returns whether there was such a file of ours */
async function removeOurs(path: string): Promise<boolean> {
  if ((await textOf(path))?.startsWith(HEADING) !== true) return false;
  await rm(path);
  await syncFolder(dirname(path));
  return true;
}

async function bring(root: string, files: readonly GeneratedFile[]): Promise<Written> {
  const written: string[] = [];
  const removed: string[] = [];
  for (const path of ALL_PATHS) {
    const target = join(root, path);
    const wanted = files.find((file) => file.path === path);
    if (wanted === undefined) {
      if (await removeOurs(target)) removed.push(path);
    } else if ((await textOf(target)) !== wanted.text) {
      await replaceFile(target, wanted.text);
      written.push(path);
    }
  }
  return { written, removed };
}

/**
 * Makes the generated files below a root what the plan asks for: writes what is new or different,
 * and removes those of an earlier plan that this one does not have. Other files are left alone.
 *
 * @param root `/` for this machine, or any folder, to look at them first
 * @param files of the plan; none when the profile is off
 * @throws SnugError CLEARNET_NOT_WRITTEN
 */
export async function writeFiles(root: string, files: readonly GeneratedFile[]): Promise<Written> {
  try {
    return await bring(root, files);
  } catch (cause) {
    throw new SnugError('CLEARNET_NOT_WRITTEN', `Cannot write there: ${messageOf(cause)}.`, {
      hint: 'Name a folder that you may write to, or run this as root for "/".',
      cause,
    });
  }
}
