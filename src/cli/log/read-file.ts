import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, messageOf, SnugError } from '../../support/errors.js';

/** How often a file is looked at for more. */
const LOOK_EVERY_MS = 300;
/** Read backwards in such pieces until there are lines enough. */
const PIECE = 64 * 1024;
/** Both files of a log have less together; anything larger is no log of ours. */
const MOST_READ = 16 * 1024 * 1024;

/** @returns the last bytes of a file that hold so many lines, and where the file ends */
async function tail(handle: FileHandle, lines: number): Promise<{ text: string; end: number }> {
  const { size } = await handle.stat();
  let from = size;
  let bytes = Buffer.alloc(0);
  while (from > 0 && bytes.length < MOST_READ && countLines(bytes) <= lines) {
    const start = Math.max(0, from - PIECE);
    const piece = Buffer.alloc(from - start);
    await handle.read(piece, 0, piece.length, start);
    bytes = Buffer.concat([piece, bytes]);
    from = start;
  }
  return { text: bytes.toString('utf8'), end: size };
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

/** Control characters of a damaged file must not paint the terminal. */
function shown(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.replace(/\p{Cc}/gu, ' '));
}

async function openLog(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    const none = codeOf(cause) === 'ENOENT';
    const why = none ? 'it is not there yet' : messageOf(cause);
    throw new SnugError(
      codeOf(cause) === 'EACCES' ? 'NOT_ALLOWED' : 'NO_LOG',
      `The log file ${file} cannot be read: ${why}.`,
      {
        hint: none
          ? 'The relay writes it once it has been started with this configuration.'
          : 'Run the command as the user that runs the relay, or with sudo.',
        cause,
      },
    );
  }
}

/** @returns the last lines of the file before it, when the newest has too few */
async function older(file: string, lines: number): Promise<string[]> {
  if (lines <= 0) return [];
  const handle = await open(`${file}.1`, 'r').catch(() => undefined);
  if (handle === undefined) return [];
  try {
    return shown((await tail(handle, lines)).text).slice(-lines);
  } finally {
    await handle.close();
  }
}

/**
 * @param file of the log
 * @param lines how many of the last ones
 * @param out gets each line
 * @returns where the file ended, for {@link followFile}
 * @throws SnugError NO_LOG, NOT_ALLOWED
 */
export async function printFile(
  file: string,
  lines: number,
  out: (line: string) => void,
): Promise<number> {
  const handle = await openLog(file);
  try {
    const { text, end } = await tail(handle, lines);
    const newest = shown(text).slice(-lines);
    for (const line of [...(await older(file, lines - newest.length)), ...newest]) out(line);
    return end;
  } finally {
    await handle.close();
  }
}

/**
 * Prints what is written from now on, over the beginnings of new files, until the signal aborts.
 *
 * @param from where to begin, in bytes
 */
export async function followFile(
  file: string,
  from: number,
  out: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let handle = await openLog(file);
  let at = from;
  let rest = '';
  const buffer = Buffer.alloc(PIECE);
  try {
    while (!signal.aborted) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      at += bytesRead;
      const text = rest + buffer.toString('utf8', 0, bytesRead);
      const cut = text.lastIndexOf('\n') + 1;
      rest = text.slice(cut).slice(-PIECE);
      shown(text.slice(0, cut)).forEach(out);
      if (bytesRead > 0) continue;
      if (await isReplaced(handle, file)) {
        await handle.close();
        handle = await openLog(file);
        at = 0;
        continue;
      }
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await handle.close();
  }
}

async function isReplaced(handle: FileHandle, file: string): Promise<boolean> {
  const now = await stat(file).catch(() => undefined);
  return now !== undefined && now.ino !== (await handle.stat()).ino;
}
