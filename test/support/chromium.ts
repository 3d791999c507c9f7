import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import puppeteer, { type Browser } from 'puppeteer-core';

const run = promisify(execFile);

/** Options of {@link launchChromium}. */
export interface ChromiumOptions {
  /** Its home; a fresh folder. */
  readonly folder: string;
  /** File of an authority to trust beside those that it knows, PEM. */
  readonly authority: string;
  /** Where hosts live, such as `pub.example.org:443` at `127.0.0.1:8443`. */
  readonly hosts: Readonly<Record<string, string>>;
}

/**
 * Debian's Chromium as it comes, JavaScript and all, that trusts one more authority: as somebody's
 * own machine would after `certutil`, in the database of its user.
 */
export async function launchChromium(options: ChromiumOptions): Promise<Browser> {
  const { folder, authority, hosts } = options;
  const database = join(folder, '.pki', 'nssdb');
  await mkdir(database, { recursive: true });
  const certutil = (...args: string[]) => run('certutil', ['-d', `sql:${database}`, ...args]);
  await certutil('-N', '--empty-password');
  await certutil('-A', '-t', 'C,,', '-n', 'snug-test', '-i', authority);
  const rules = Object.entries(hosts).map(([host, place]) => `MAP ${host} ${place}`);
  return puppeteer.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    timeout: 120_000,
    userDataDir: join(folder, 'profile'),
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: '', XDG_CONFIG_HOME: '' },
    args: [
      `--host-resolver-rules=${rules.join(', ')}`,
      '--disable-gpu',
      // It would go to HTTPS by itself and never see our redirect.
      '--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable',
      // Chromium refuses to run as root with its sandbox; nothing foreign is loaded here.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}
