import { rm } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { Config } from '../config/config.js';
import { keep, readIfThere } from './files.js';
import type { Places } from './places.js';

/** Beside snug.toml. Many an editor gives every file the second name without saying so. */
const NAMES = ['mail-password', 'mail-password.txt'];
/** Whatever a slip makes of the setting, these are no passwords. */
const RESERVED = ['snug.toml', 'cmdline.txt', 'config.txt'];
const SECRET = 0o600;

/**
 * @param fat the folder of the operator's snug.toml
 * @param mail as that file has it
 * @returns whether mail.password_file names a file on the FAT partition, which the relay cannot see
 */
export function isOnCard(fat: string, mail: Config['mail']): boolean {
  if (mail?.passwordFile === undefined) return false;
  const path = relative(fat, mail.passwordFile);
  return !RESERVED.includes(path) && path !== '' && !path.startsWith('..') && !isAbsolute(path);
}

/**
 * Moves the password of the mail account from the FAT partition to where systemd hands it to the
 * relay: a file of root alone.
 *
 * @param mail as the operator's snug.toml has it; may name the file
 * @returns whether there is one now, from this start or an earlier one
 */
export async function moveMailPassword(places: Places, mail: Config['mail']): Promise<boolean> {
  const { fat, mailPassword } = places;
  const file = isOnCard(fat, mail) ? mail?.passwordFile : undefined;
  const named = file === undefined ? [] : [file, `${file}.txt`];
  const usual = NAMES.map((name) => join(fat, name));
  // The last one counts: the one that the operator names.
  for (const path of new Set([...usual, ...named])) {
    const [line = ''] = ((await readIfThere(path)) ?? '').replace(/^\ufeff/, '').split(/[\r\n]/);
    if (line === '') continue;
    await keep(mailPassword, `${line}\n`, SECRET);
    await rm(path);
  }
  return (await readIfThere(mailPassword)) !== undefined;
}
