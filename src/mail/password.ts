import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf, SnugError } from '../support/errors.js';
import type { MailSettings } from './settings.js';

const OTHERS = 0o077;
const MOST_BYTES = 4096;

function bad(why: string, hint: string, cause?: unknown): SnugError {
  return new SnugError('MAIL_PASSWORD', `The password for mail cannot be used: ${why}.`, {
    hint,
    cause,
  });
}

/** Judged by the open file, so that nothing can be put in its place in between. */
function checkModes(fd: number, file: string): void {
  const { mode, uid } = fstatSync(fd);
  const own = process.geteuid?.() ?? uid;
  if (uid !== own) {
    throw bad(`${file} belongs to user ${uid}`, `Give it to the relay: chown ${own} ${file}`);
  }
  if ((mode & OTHERS) !== 0) {
    throw bad(`others may read ${file}`, `Keep it to the relay: chmod 600 ${file}`);
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    const hint = `Put the password into ${file}, then: chmod 600 ${file}`;
    throw bad(messageOf(cause), hint, cause);
  }
}

function read(fd: number, file: string): string {
  const bytes = Buffer.alloc(MOST_BYTES);
  const length = readSync(fd, bytes, 0, MOST_BYTES, 0);
  const [line = ''] = bytes.toString('utf8', 0, length).split(/[\r\n]/);
  if (line !== '' && !/\p{Cc}/u.test(line)) return line;
  throw bad(`${file} does not begin with it`, 'Write the password as its only line.');
}

/**
 * Read anew for each session, so that a corrected password is used without a new start.
 *
 * @param settings say where it is; systemd sees to the modes of credentials itself
 * @returns the first line of the file or credential
 * @throws SnugError MAIL_PASSWORD, which names the file and never what is in it
 */
export function readPassword(settings: Pick<MailSettings, 'passwordFile' | 'credential'>): string {
  const file = settings.passwordFile ?? settings.credential;
  if (file === undefined) {
    const hint = 'Name a file in mail.password_file, or set the systemd credential mail-password.';
    throw bad('mail.user is set, and there is none', hint);
  }
  const fd = open(file);
  try {
    if (settings.passwordFile !== undefined) checkModes(fd, file);
    return read(fd, file);
  } finally {
    closeSync(fd);
  }
}
