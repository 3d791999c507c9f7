import type { Snapshot } from '../../status/snapshot.js';
import { inWords } from '../../status/words.js';
import type { AddCommands } from '../cli.js';
import { EXIT } from '../exit-codes.js';

const STATUS_EXIT = { well: EXIT.ok, degraded: EXIT.degraded, down: EXIT.down } as const;

/** `snug status` */
export const addStatus: AddCommands = (root, cli) => {
  root
    .command('status')
    .description('how the relay is, and what to do')
    .option('--json', 'for scripts', false)
    .action(async (options: { json: boolean }) => {
      cli.exitWith(EXIT.down);
      const snapshot = (await cli.ask('status')) as Snapshot;
      const lines = options.json ? [JSON.stringify(snapshot)] : inWords(snapshot);
      lines.forEach(cli.terminal.out);
      cli.exitWith(STATUS_EXIT[snapshot.health]);
    });
};
