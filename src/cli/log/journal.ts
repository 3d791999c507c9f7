import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { messageOf, SnugError } from '../../support/errors.js';
import { levelOf } from '../../support/log.js';

/** The unit that the packages and the card bring. */
export const UNIT = 'snug.service';
/** A line of ours has at most 2000 letters; the journal puts a kilobyte around it. */
const LONGEST = 64 * 1024;

/** What of the journal is wanted. */
export interface JournalWish {
  readonly lines: number;
  readonly follow: boolean;
  /** The program; another one only in tests. */
  readonly journalctl?: string;
}

interface Entry {
  readonly MESSAGE?: unknown;
  readonly PRIORITY?: unknown;
  readonly __REALTIME_TIMESTAMP?: unknown;
}

/** systemd.journal-fields(7); a message that is no UTF-8 comes as a list of bytes. */
function textOf(message: unknown): string {
  const bytes = Array.isArray(message)
    ? Buffer.from(message.map(Number)).toString('utf8')
    : message;
  return String(bytes ?? '').replace(/\p{Cc}+/gu, ' ');
}

/**
 * @param json one entry as `journalctl --output json` prints it
 * @returns time, level and words, as in the log file; undefined when it is no entry
 */
export function entryInWords(json: string): string | undefined {
  if (json.length > LONGEST) return undefined;
  try {
    const entry = JSON.parse(json) as Entry;
    const time = new Date(Number(entry.__REALTIME_TIMESTAMP) / 1000).toISOString().slice(0, 19);
    return `${time}Z ${levelOf(Number(entry.PRIORITY ?? 6))}: ${textOf(entry.MESSAGE)}`;
  } catch {
    return undefined;
  }
}

/**
 * Prints what the journal has of the relay.
 *
 * @param out gets each line
 * @param signal ends it
 * @returns how many lines there were
 * @throws SnugError NO_LOG when journalctl fails
 */
export async function printJournal(
  { lines, follow, journalctl = 'journalctl' }: JournalWish,
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const wish = ['--lines', String(lines), ...(follow ? ['--follow'] : [])];
  const args = ['--unit', UNIT, '--output', 'json', '--no-pager', '--quiet', ...wish];
  const child = spawn(journalctl, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(0, 500);
  });
  let count = 0;
  createInterface({ input: child.stdout }).on('line', (json) => {
    const line = entryInWords(json);
    if (line === undefined) return;
    count += 1;
    out(line);
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0 && !signal.aborted) throw new Error(said.trim() || `it ended with ${code}`);
  } catch (cause) {
    if (signal.aborted) return count;
    throw new SnugError('NO_LOG', `The journal cannot be read: ${messageOf(cause)}.`, {
      hint: 'Members of the groups systemd-journal and adm may read it; so may root, with sudo.',
      cause,
    });
  }
  return count;
}
