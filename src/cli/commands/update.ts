import type { AddCommands } from '../cli.js';
import type { UpdateFlags } from '../run-update.js';

/** `snug update` */
export const addUpdate: AddCommands = (root, cli) => {
  root
    .command('update')
    .description('on the card: install a signed version of Snug; alone: how the last one went')
    .argument('[source]', 'a bundle: a file, https://…, http://….onion/…, or - for standard input')
    .option('--allow-downgrade', 'also install an older version', false)
    .option('--back', 'go back to the version before this one', false)
    .action(async (source: string | undefined, flags: UpdateFlags) => {
      // Only when it is wanted: it comes with what dials through Tor.
      const { runUpdate } = await import('../run-update.js');
      await runUpdate(cli, source, flags);
    });
};
