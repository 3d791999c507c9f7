import { existsSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { SnugError } from '../../support/errors.js';
import type { AddCommands, Cli } from '../cli.js';
import { printJournal, UNIT } from '../log/journal.js';
import { followFile, printFile } from '../log/read-file.js';

/** sd_booted(3): this folder is there where systemd is the init system. */
const SYSTEMD = '/run/systemd/system';
const MOST_LINES = 100_000;

interface LogOptions {
  readonly lines: number;
  readonly follow: boolean;
}

function parseLines(text: string): number {
  const lines = Number(text);
  if (/^\d+$/.test(text) && lines > 0 && lines <= MOST_LINES) return lines;
  throw new InvalidArgumentError(`A whole number from 1 to ${MOST_LINES}.`);
}

function noLog(): SnugError {
  return new SnugError('NO_LOG', 'Nothing keeps the log on this machine.', {
    hint: 'Name a file in the configuration, [log] file = "/var/log/snug.log", and start the relay again; or let systemd start it, whose journal keeps the log.',
  });
}

async function fromJournal({ terminal, signal }: Cli, options: LogOptions): Promise<void> {
  const count = await printJournal(options, terminal.out, signal);
  if (count > 0 || signal.aborted) return;
  terminal.err(`The journal has nothing of ${UNIT}.`);
  terminal.err('  A relay that was started by hand writes to its terminal; see [log] file.');
}

async function fromFile(cli: Cli, file: string, options: LogOptions): Promise<void> {
  const end = await printFile(file, options.lines, cli.terminal.out);
  if (options.follow) await followFile(file, end, cli.terminal.out, cli.signal);
}

/** `snug log` */
export const addLog: AddCommands = (root, cli) => {
  root
    .command('log')
    .description(
      'what the relay has logged: its log file, or the journal of systemd; times are UTC',
    )
    .option('--lines <number>', 'how many of the last lines', parseLines, 50)
    .option('--follow', 'and go on with new ones, until Ctrl-C', false)
    .action(async (options: LogOptions) => {
      const { file } = cli.relayConfig().log;
      if (file !== undefined) await fromFile(cli, file, options);
      else if (existsSync(SYSTEMD)) await fromJournal(cli, options);
      else throw noLog();
    });
};
