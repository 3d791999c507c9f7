import { setTimeout as pause } from 'node:timers/promises';
import type { Screen, Terminal } from './terminal.js';

/** One look, ready to be shown. */
export interface Look {
  readonly lines: readonly string[];
  /** Two looks with the same gist need not both be printed. */
  readonly gist: string;
}

/** ECMA-48 and xterm: a second screen, its cursor hidden; the first one comes back untouched. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const TOP_LEFT = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Status lines begin with a word this wide; what is wrapped stands below what it goes on with. */
const INDENT = ' '.repeat(10);

/** @returns the line in rows that fit, broken between words where that is possible */
function wrap(line: string, columns: number): string[] {
  const width = Math.max(columns, 2 * INDENT.length);
  const rows: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > INDENT.length ? space : width;
    rows.push(rest.slice(0, end));
    rest = INDENT + rest.slice(end).trimStart();
  }
  return [...rows, rest];
}

/**
 * Draws over what was there, so that nothing flickers. When not all fits, the first line and the
 * last ones stay: how it is, and what to do.
 */
function draw(screen: Screen, lines: readonly string[]): void {
  const { columns, rows } = screen.size();
  const all = lines.flatMap((line) => wrap(line, columns));
  const room = Math.max(2, rows - 1);
  const fitting = all.length <= room ? all : [...all.slice(0, 1), ...all.slice(1 - room)];
  screen.write(`${TOP_LEFT}${fitting.map((row) => row + CLEAR_LINE).join('\n')}${CLEAR_BELOW}`);
}

async function keepLooking(
  once: () => Promise<Look>,
  show: (look: Look) => void,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      show(await once());
    } catch (error) {
      if (error !== signal.reason) throw error;
    }
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Looks again and again until the signal aborts: on a screen each look takes the place of the last
 * one, elsewhere (a pipe, a file) it is printed when it differs.
 *
 * @param terminal where to
 * @param once one look; what it throws ends the watch, the screen restored
 * @param everyMs between two looks
 */
export async function watch(
  terminal: Terminal,
  once: () => Promise<Look>,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { screen } = terminal;
  if (screen === undefined) {
    let last: string | undefined;
    const print = ({ lines, gist }: Look) => {
      if (gist !== last) lines.forEach(terminal.out);
      last = gist;
    };
    return keepLooking(once, print, everyMs, signal);
  }
  screen.write(ENTER);
  try {
    await keepLooking(once, ({ lines }) => draw(screen, lines), everyMs, signal);
  } finally {
    screen.write(LEAVE);
  }
}
