import type { AddCommands } from '../cli.js';

/** `snug ban` and `snug unban` */
export const addBans: AddCommands = (root, { ask, terminal }) => {
  root
    .command('ban')
    .description('block a feed publicly and shut it out, whatever code it has')
    .argument('<feed>', 'its id, @….ed25519')
    .option('--reason <text>', 'for your own list; never published')
    .action(async (feed: string, options: { reason?: string }) => {
      await ask('ban', { feed, ...options });
      terminal.err('The feed is banned.');
    });
  root
    .command('unban')
    .description('lift a ban')
    .argument('<feed>', 'its id, @….ed25519')
    .action(async (feed: string) => {
      await ask('unban', { feed });
      terminal.err('The ban is lifted.');
    });
};
