import { hintOf, messageOf } from '../support/errors.js';

/** Where a command writes: results to `out`, words for people in between to `err`. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** The terminal of this process. */
export const PROCESS_TERMINAL: Terminal = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
};

/** Says what happened, why, and what to do. */
export function printError(terminal: Terminal, error: unknown): void {
  terminal.err(`snug: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint !== undefined) terminal.err(`  ${hint}`);
}
