import type { Terminal } from './terminal.js';

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
export function printNewInvite(terminal: Terminal, result: unknown): void {
  const { id, code, expiresAt } = result as NewInvite;
  terminal.out(code);
  terminal.err(`Invite ${id}: works once, until ${day(expiresAt)} UTC.`);
}

/** One line an invite, newest first. */
export function printInvites(terminal: Terminal, result: unknown): void {
  const invites = result as ListedInvite[];
  if (invites.length === 0) terminal.err('No invites.');
  for (const { id, state, createdAt, expiresAt, note } of invites) {
    const line = `${id}  ${state.padEnd(8)}  made ${day(createdAt)}  until ${day(expiresAt)}`;
    terminal.out(note === undefined ? line : `${line}  ${note}`);
  }
}
