import type { AddCommands } from '../cli.js';
import { runRelay } from '../run-relay.js';

/** `snug start` */
export const addStart: AddCommands = (root, cli) => {
  root
    .command('start')
    .description('run the relay until it is stopped')
    .option('--verbose', 'also say what only a developer wants to know', false)
    .action(async (options: { verbose: boolean }) => {
      const journal = cli.env.JOURNAL_STREAM !== undefined;
      const run = { ...options, journal, env: cli.env };
      await runRelay(cli.config(), run, cli.terminal, cli.signal);
    });
};
