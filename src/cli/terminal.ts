import { hintOf, messageOf } from '../support/errors.js';

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

/** The terminal of this process. */
export const PROCESS_TERMINAL: Terminal = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  ...(process.stdout.isTTY
    ? {
        screen: {
          write: (text: string) => process.stdout.write(text),
          // A serial line does not tell its size: 0.
          size: () => ({
            columns: process.stdout.columns || 80,
            rows: process.stdout.rows || 24,
          }),
        },
      }
    : {}),
};

/** Says what happened, why, and what to do. */
export function printError(terminal: Terminal, error: unknown): void {
  terminal.err(`snug: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint !== undefined) terminal.err(`  ${hint}`);
}
