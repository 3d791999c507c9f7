import { InvalidArgumentError } from 'commander';
import type { AddCommands } from '../cli.js';
import type { Terminal } from '../terminal.js';

/** An invite as the relay lists it; times in milliseconds since 1970. */
interface ListedInvite {
  readonly id: string;
  readonly state: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly note?: string;
}

/** A code just made. */
interface NewInvite {
  readonly id: string;
  readonly code: string;
  readonly expiresAt: number;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}

/** The code alone goes to standard output, so that it can be piped. */
function printNewInvite(terminal: Terminal, result: unknown): void {
  const { id, code, expiresAt } = result as NewInvite;
  terminal.out(code);
  terminal.err(`Invite ${id}: works once, until ${day(expiresAt)} UTC.`);
}

/** One line an invite, newest first. */
function printInvites(terminal: Terminal, result: unknown): void {
  const invites = result as ListedInvite[];
  if (invites.length === 0) terminal.err('No invites.');
  for (const { id, state, createdAt, expiresAt, note } of invites) {
    const line = `${id}  ${state.padEnd(8)}  made ${day(createdAt)}  until ${day(expiresAt)}`;
    terminal.out(note === undefined ? line : `${line}  ${note}`);
  }
}

function parseDays(text: string): number {
  const days = Number(text);
  if (text.trim() !== '' && days > 0 && days <= 365) return days;
  throw new InvalidArgumentError('A number of days, more than 0 and at most 365.');
}

/** `snug invite create`, `list` and `revoke` */
export const addInvites: AddCommands = (root, { ask, terminal }) => {
  const invite = root.command('invite').description('make, list and withdraw codes');
  invite
    .command('create')
    .description('make a code that works once, and print it')
    .option('--note <text>', 'for your own list; never published')
    .option('--days <number>', 'how long it can be redeemed', parseDays)
    .action(async (options: { note?: string; days?: number }) =>
      printNewInvite(terminal, await ask('invite.create', options)),
    );
  invite
    .command('list')
    .description('all codes that are not forgotten yet, newest first')
    .action(async () => printInvites(terminal, await ask('invite.list')));
  invite
    .command('revoke')
    .description('withdraw a code that nobody has redeemed')
    .argument('<id>', 'as "snug invite list" shows it, or its beginning')
    .action(async (id: string) => {
      await ask('invite.revoke', { id });
      terminal.err('The code is withdrawn.');
    });
};
