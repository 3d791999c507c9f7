import type { AddCommands } from '../cli.js';
import { printList } from '../lists.js';
import { age, moment } from '../when.js';

/** A ban as the relay lists it; `at` in milliseconds since 1970. */
interface ListedBan {
  readonly feed: string;
  readonly at: number;
  readonly reason?: string;
}

function lineOf({ feed, at, reason }: ListedBan): string {
  const line = `${feed}  since ${moment(at)} UTC (${age(at, Date.now())})`;
  return reason === undefined ? line : `${line}  ${reason}`;
}

/** `snug ban`, `snug unban` and `snug bans` */
export const addBans: AddCommands = (root, cli) => {
  const { ask, terminal } = cli;
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
  root
    .command('bans')
    .description('all bans in force, newest first, with their reasons')
    .option('--json', 'for scripts', false)
    .action(async ({ json }: { json: boolean }) =>
      printList(cli, await ask('ban.list'), json, { none: 'Nobody is banned.', line: lineOf }),
    );
};
