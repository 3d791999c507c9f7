import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SnugError } from '../support/errors.js';
import { parseUrl } from './fetch.js';
import type { Places } from './places.js';

/** The operator's side of an update: it hands bytes to root and believes nothing itself. */
export interface HandOverOptions {
  readonly places: Places;
  /** Folder of the version that runs this command. */
  readonly own: string;
  /** @returns what stands before a command that is to run as this user */
  readonly as: (user: 'root' | 'snug') => readonly string[];
  /** What `-` stands for. */
  readonly input: Readable;
  /** Folder in which a download waits until root has it. */
  readonly scratch: string;
}

/** @throws SnugError NOT_A_CARD where Snug is not updated by bundles */
export function requireCard({ places, own }: Pick<HandOverOptions, 'places' | 'own'>): void {
  const inPlace =
    existsSync(places.home) && dirname(realpathSync(own)) === realpathSync(places.home);
  if (inPlace && existsSync(places.unit)) return;
  throw new SnugError('NOT_A_CARD', 'This is no card, so there are no bundles for it.', {
    hint: `Here: stop Snug, in ${own} type "git pull" and "npm ci --ignore-scripts", and start it again.`,
  });
}

/** One of this version's own helpers, as another user. */
function start(
  { own, as }: HandOverOptions,
  user: 'root' | 'snug',
  words: readonly string[],
  [input, output]: readonly ['pipe' | 'ignore', 'pipe' | 'inherit'],
): ChildProcess {
  const main = join(own, 'dist', 'src', 'update', 'main.js');
  const [file = '', ...args] = [...as(user), process.execPath, main, ...words];
  return spawn(file, args, { stdio: [input, output, 'inherit'] });
}

/** @returns the exit code of a child that says itself what is wrong */
async function ended(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function give(source: Readable, options: HandOverOptions, words: readonly string[]) {
  const child = start(options, 'root', ['receive', ...words], ['pipe', 'inherit']);
  const code = ended(child);
  if (child.stdin === null) throw new Error('the child has no input');
  // Root may have seen enough before the end; its own words are better than EPIPE.
  const [given, result] = await Promise.allSettled([pipeline(source, child.stdin), code]);
  if (result.status === 'rejected') throw result.reason;
  if (given.status === 'rejected' && result.value === 0) throw given.reason;
  return result.value;
}

async function giveFile(path: string, options: HandOverOptions, words: readonly string[]) {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new SnugError('FILE_UNREADABLE', `${path} cannot be read.`, {
      hint: 'Check its name; for an address write https:// or http:// in front.',
      cause,
    });
  });
  try {
    if (!(await file.stat()).isFile()) {
      throw new SnugError('FILE_UNREADABLE', `${path} is no file.`, { hint: 'Name the bundle.' });
    }
    return await give(file.createReadStream({ autoClose: false }), options, words);
  } finally {
    await file.close();
  }
}

/** The relay's user may speak to Tor and has no other way out; the operator's cannot reach Tor. */
async function giveUrl(url: URL, options: HandOverOptions, words: readonly string[]) {
  const folder = await mkdtemp(join(options.scratch, 'snug-update-'));
  const path = join(folder, 'bundle');
  try {
    const file = await open(path, 'wx', 0o600);
    const child = start(options, 'snug', ['fetch', url.href], ['ignore', 'pipe']);
    if (child.stdout === null) throw new Error('the child has no output');
    const [, code] = await Promise.all([
      pipeline(child.stdout, file.createWriteStream()),
      ended(child),
    ]);
    return code === 0 ? await giveFile(path, options, words) : code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param target a file, an address, or `-` for standard input
 * @returns the exit code; what there is to say has been said
 * @throws SnugError BAD_URL or FILE_UNREADABLE
 */
export async function handOver(
  target: string,
  allowDowngrade: boolean,
  options: HandOverOptions,
): Promise<number> {
  const words = allowDowngrade ? ['--allow-downgrade'] : [];
  if (target === '-') return give(options.input, options, words);
  if (/^[a-z]+:\/\//i.test(target)) return giveUrl(parseUrl(target), options, words);
  return giveFile(target, options, words);
}

/** Asks for the version before. @returns the exit code */
export async function handBack(options: HandOverOptions): Promise<number> {
  return ended(start(options, 'root', ['back'], ['ignore', 'inherit']));
}
