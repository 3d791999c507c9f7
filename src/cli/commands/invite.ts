import { InvalidArgumentError } from 'commander';
import type { AddCommands } from '../cli.js';
import { printList } from '../lists.js';
import type { Terminal } from '../terminal.js';
import { age, moment } from '../when.js';

/** An invite as the relay lists it; times in milliseconds since 1970. */
interface ListedInvite {
  readonly id: string;
  readonly state: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly note?: string;
}

/** A code just made; one that is mailed is not told. */
interface NewInvite {
  readonly id: string;
  readonly code?: string;
  readonly expiresAt: number;
}

/** The code alone goes to standard output, so that it can be piped. */
function printNewInvite(terminal: Terminal, result: unknown): void {
  const { id, code, expiresAt } = result as NewInvite;
  if (code === undefined) terminal.err('The code is on its way; "snug status" says if it is not.');
  else terminal.out(code);
  terminal.err(`Invite ${id}: works once, until ${moment(expiresAt)} UTC.`);
}

/** A code works once, so it has one use or none. */
function usesLeft({ state }: ListedInvite): string {
  return state === 'open' ? '1 use left' : 'none left';
}

function lineOf(invite: ListedInvite): string {
  const { id, state, createdAt, expiresAt, note } = invite;
  const made = `made ${moment(createdAt)} (${age(createdAt, Date.now())})`;
  const words = [id, state.padEnd(8), usesLeft(invite), made, `until ${moment(expiresAt)}`];
  return (note === undefined ? words : [...words, note]).join('  ');
}

function parseDays(text: string): number {
  const days = Number(text);
  if (text.trim() !== '' && days > 0 && days <= 365) return days;
  throw new InvalidArgumentError('A number of days, more than 0 and at most 365.');
}

/** `snug invite create`, `list` and `revoke` */
export const addInvites: AddCommands = (root, cli) => {
  const { ask, terminal } = cli;
  const invite = root.command('invite').description('make, list and withdraw codes');
  invite
    .command('create')
    .description('make a code that works once, and print or mail it')
    .option('--note <text>', 'for your own list; never published')
    .option('--days <number>', 'how long it can be redeemed', parseDays)
    .option('--mail <address>', 'send it there, with how to use it, instead of printing it')
    .action(async (options: { note?: string; days?: number; mail?: string }) =>
      printNewInvite(terminal, await ask('invite.create', options)),
    );
  invite
    .command('list')
    .description('all codes that are not forgotten yet, newest first; times are UTC')
    .option('--json', 'for scripts', false)
    .action(async ({ json }: { json: boolean }) =>
      printList(cli, await ask('invite.list'), json, { none: 'No invites.', line: lineOf }),
    );
  invite
    .command('revoke')
    .description('withdraw a code that nobody has redeemed')
    .argument('<id>', 'as "snug invite list" shows it, or its beginning')
    .action(async (id: string) => {
      await ask('invite.revoke', { id });
      terminal.err('The code is withdrawn.');
    });
};
