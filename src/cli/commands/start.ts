import type { AddCommands } from '../cli.js';

/** `snug start` */
export const addStart: AddCommands = (root, cli) => {
  root
    .command('start')
    .description('run the relay until it is stopped')
    .option('--verbose', 'also say what only a developer wants to know', false)
    .action(async (options: { verbose: boolean }) => {
      // Only when it is wanted: other commands start in half the time without the relay's packages.
      const { runRelay } = await import('../run-relay.js');
      const journal = cli.env.JOURNAL_STREAM !== undefined;
      const run = { ...options, journal, env: cli.env };
      await runRelay(cli.config(), run, cli.terminal, cli.signal);
    });
};
