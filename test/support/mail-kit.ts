import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StampedLetter } from '../../src/mail/letter.js';
import type { MailSettings } from '../../src/mail/settings.js';
import { createLog, type Log } from '../../src/support/log.js';
import { parseMailAddress } from '../../src/support/mail-address.js';
import { PASSWORD, USER } from './mail-server.js';

export const ME = parseMailAddress('me@example.org');
export const FRIEND = parseMailAddress('friend@example.net');
export const SERVER = 'mail.example.org';

/**
 * @param folder gets the file with the password
 * @param more over what suits most tests
 */
export function mailSettings(folder: string, more: Partial<MailSettings> = {}): MailSettings {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  return {
    server: SERVER,
    port: 587,
    tls: 'starttls',
    tlsName: undefined,
    user: USER,
    passwordFile,
    credential: undefined,
    from: ME,
    to: ME,
    alerts: true,
    digest: false,
    ...more,
  };
}

export const LETTER: StampedLetter = {
  id: 'test',
  stamp: '11111111-2222-4333-8444-555555555555',
  subject: 'Snug: how it is',
  text: 'All is well.\n',
};

/** A log whose lines a test can read. */
export function recordedLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), journal: false, verbose: true });
  return { log, lines };
}
