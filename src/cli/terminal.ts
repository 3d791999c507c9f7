import { codeOf, hintOf, messageOf } from '../support/errors.js';
import { EXIT } from './exit-codes.js';

/** A terminal that can be drawn on, as one with a person before it can. */
export interface Screen {
  /** Text and control sequences, as they are. */
  write(text: string): void;
  /** @returns its size now, in characters */
  size(): { readonly columns: number; readonly rows: number };
}

/** Where a command writes: results to `out`, words for people in between to `err`. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** Only when `out` is one. */
  readonly screen?: Screen;
}

/** What a failed write to standard output means: a reader that went away (`| head`) wants no more. */
function endUnread(error?: Error | null): void {
  if (!error) return;
  if (codeOf(error) === 'EPIPE') process.exit(EXIT.unread);
  const words = `The standard output cannot be written: ${messageOf(error)}.`;
  process.stderr.write(`snug: ${words}\n`);
  process.exit(EXIT.badData);
}

/**
 * The terminal of this process. Lines for `err` are lost where they cannot be written: a relay does
 * not end because nobody reads its log, or a disk takes none of it. A line for `out` that cannot be
 * written ends the process; `snug start` has none.
 */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  const write = (text: string) => stdout.write(text, endUnread);
  // A serial line does not tell its size: 0.
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  return {
    out: (line) => write(`${line}\n`),
    err: (line) => stderr.write(`${line}\n`),
    ...(stdout.isTTY ? { screen: { write, size } } : {}),
  };
}

/** Says what happened, why, and what to do. */
export function printError(terminal: Terminal, error: unknown): void {
  terminal.err(`snug: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint !== undefined) terminal.err(`  ${hint}`);
}
