import { type Command, Option } from 'commander';
import type { AddCommands, Cli } from '../cli.js';
import type { BackupFlags, RestoreFlags } from '../run-backup.js';

/** Only when it is wanted: other commands start in half the time without the archiver's packages. */
const work = () => import('../run-backup.js');

function collect(one: string, all: string[] = []): string[] {
  return [...all, one];
}

const passphraseFile = () =>
  new Option('--passphrase-file <file>', 'the passphrase is its first line (else asked for)');

function addBackup(root: Command, cli: Cli): void {
  root
    .command('backup')
    .description('write keys, invites, bans and configuration into one encrypted file')
    .argument('<file>', 'to be written; - for the standard output')
    .option('--with-log', 'also all messages and blobs', false)
    .option('--recipient <key>', 'for this recipient of age (age1…), not a passphrase', collect)
    .addOption(passphraseFile().conflicts('recipient'))
    .option('--force', 'overwrite the file', false)
    .action(async (file: string, flags: BackupFlags) => (await work()).runBackup(cli, file, flags));
}

function addRestore(root: Command, cli: Cli): void {
  root
    .command('restore')
    .description('put a backup onto a fresh box, where no relay runs')
    .argument('[file]', 'that "snug backup" has written')
    .option('--identity <file>', 'with the key of age, for a backup made with --recipient')
    .addOption(passphraseFile().conflicts('identity'))
    .option('--i-know-it-forks', 'publish without waiting for the own feed', false)
    .action(async (file: string | undefined, flags: RestoreFlags) => {
      const { runRestore, stopWaiting } = await work();
      return file === undefined ? stopWaiting(cli, flags) : runRestore(cli, file, flags);
    });
}

/** `snug backup` and `snug restore` */
export const addBackups: AddCommands = (root, cli) => {
  addBackup(root, cli);
  addRestore(root, cli);
};
