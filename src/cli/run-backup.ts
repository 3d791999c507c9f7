import type { Manifest } from '../backup/manifest.js';
import { fileOutput, type Output, streamOutput } from '../backup/output.js';
import { checkRecipients, type Key, type Lock } from '../backup/seal.js';
import { backUp, restore } from '../backups.js';
import { SnugError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { type Asking, knownPassphrase, newPassphrase, readSmallFile } from './passphrase.js';

const asking = (signal: AbortSignal): Asking => ({
  keyboard: process.stdin,
  say: (text) => process.stderr.write(text),
  signal,
});

/** Printed whenever the wait for the own feed is cut short. */
const FORK_WARNING = [
  'WARNING: the relay publishes without waiting for its own feed.',
  'If anybody holds a message of it that this relay has not, its feed is forked with the next',
  'follow: those who hold the other messages refuse all further ones, for good, and nobody can',
  'mend that. Their members would need new codes of a new relay.',
];

/** Options of `snug backup`. */
export interface BackupFlags {
  readonly withLog: boolean;
  readonly recipient?: string[];
  readonly passphraseFile?: string;
  readonly force: boolean;
}

/** Options of `snug restore`. */
export interface RestoreFlags {
  readonly identity?: string;
  readonly passphraseFile?: string;
  readonly iKnowItForks: boolean;
}

async function lockFor(
  { recipient, passphraseFile }: BackupFlags,
  signal: AbortSignal,
): Promise<Lock> {
  if (recipient === undefined) {
    return { passphrase: await newPassphrase(passphraseFile, asking(signal)) };
  }
  checkRecipients(recipient);
  return { recipients: recipient };
}

async function keyFor(
  { identity, passphraseFile }: RestoreFlags,
  signal: AbortSignal,
): Promise<Key> {
  if (identity === undefined) {
    return { passphrase: await knownPassphrase(passphraseFile, asking(signal)) };
  }
  const lines = (await readSmallFile(identity)).split(/\r?\n/).map((line) => line.trim());
  return { identities: lines.filter((line) => line !== '' && !line.startsWith('#')) };
}

function outputTo(file: string, force: boolean): Promise<Output> {
  if (file !== '-') return fileOutput(file, force);
  if (!process.stdout.isTTY) return Promise.resolve(streamOutput(process.stdout));
  throw new SnugError('NO_TERMINAL', 'A backup is no text for a terminal.', {
    hint: 'Send the standard output into a file or to another machine.',
  });
}

function size(bytes: number): string {
  return bytes < 1024 * 1024
    ? `${Math.ceil(bytes / 1024)} kB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function describe({ host, feed, own, createdAt }: Manifest): string[] {
  const when = new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ');
  return [
    `Relay     ${host}`,
    `Feed      ${feed}, ${own.sequence} messages of its own`,
    `Made      ${when} UTC, by the clock of that box`,
  ];
}

/** `snug backup FILE` */
export async function runBackup(cli: Cli, file: string, flags: BackupFlags): Promise<void> {
  const { terminal, signal } = cli;
  const config = cli.relayConfig();
  const lock = await lockFor(flags, signal);
  const wish = { withLog: flags.withLog, lock, signal };
  const { manifest, bytes } = await backUp(config, cli.ask, wish, () =>
    outputTo(file, flags.force),
  );
  terminal.err(`Backed up: ${size(bytes)}${file === '-' ? '' : ` in ${file}`}.`);
  for (const line of describe(manifest)) terminal.err(line);
  if (!flags.withLog) terminal.err('Without log and blobs; members bring their feeds again.');
}

/** `snug restore` without a file: a relay that waits after a restore waits no longer. */
export async function stopWaiting({ ask, terminal }: Cli, flags: RestoreFlags): Promise<void> {
  if (!flags.iKnowItForks) {
    throw new SnugError('NO_FILE', 'Which backup shall be restored?', {
      hint: 'Name its file: snug restore FILE. To end the wait after a restore: --i-know-it-forks.',
    });
  }
  FORK_WARNING.forEach(terminal.err);
  await ask('own-feed.publish-anyway');
  terminal.err('The relay waits no longer.');
}

/** `snug restore FILE` */
export async function runRestore(cli: Cli, file: string, flags: RestoreFlags): Promise<void> {
  const { terminal, signal } = cli;
  const config = cli.config();
  const key = await keyFor(flags, signal);
  if (flags.iKnowItForks) FORK_WARNING.forEach(terminal.err);
  const wish = { key, publishAnyway: flags.iKnowItForks, signal };
  const { manifest, members, config: old } = await restore(config, file, wish);
  terminal.err(`Restored into ${config.paths.state}.`);
  for (const line of describe(manifest)) terminal.err(line);
  terminal.err(`Members   ${members}`);
  if (old !== undefined) {
    terminal.err(`The configuration of the backup lies in ${old}; compare it with yours.`);
  }
  if (flags.iKnowItForks) return;
  terminal.err('Start it now. It takes in nobody new before its own feed is back from members;');
  terminal.err('"snug status" shows how far that is.');
}
