import { tmpdir } from 'node:os';
import { SnugError } from '../support/errors.js';
import { PACKAGE_ROOT } from '../support/package.js';
import { type HandOverOptions, handBack, handOver, requireCard } from '../update/hand-over.js';
import { Notes } from '../update/notes.js';
import { placesBelow } from '../update/places.js';
import { Versions } from '../update/versions.js';
import type { Cli } from './cli.js';
import type { Terminal } from './terminal.js';

/** Options of `snug update`. */
export interface UpdateFlags {
  readonly allowDowngrade: boolean;
  readonly back: boolean;
}

/** Looking at standard input has effects, so only when a command runs. */
const handOverOptions = (): HandOverOptions => ({
  places: placesBelow('/'),
  own: PACKAGE_ROOT,
  // The operator may do everything on the card anyway; root checks the bundle for itself.
  as: (user) => ['sudo', '-n', '-u', user, '--'],
  input: process.stdin,
  scratch: tmpdir(),
});

/** Which versions there are, and how the last update went. */
async function printUpdates({ out }: Terminal): Promise<void> {
  const { home, spool } = placesBelow('/');
  const versions = new Versions(home);
  const [current, trial] = [await versions.current(), await versions.trial()];
  out(
    `In use    Snug ${current}${trial === undefined ? '' : ', on trial for ten minutes at most'}`,
  );
  const before = trial ?? (await versions.previous());
  out(`Before    ${before === undefined ? 'none is kept' : `Snug ${before}`}`);
  const last = await new Notes(spool).outcome();
  if (last === undefined) return;
  if (last.result === 'updated') return out(`Last      updated from ${last.from} to ${last.to}`);
  out(`Last      ${last.message ?? last.result}`);
  if (last.hint !== undefined) out(`          ${last.hint}`);
}

/** `snug update` */
export async function runUpdate(
  { terminal, exitWith }: Cli,
  source: string | undefined,
  { allowDowngrade, back }: UpdateFlags,
): Promise<void> {
  const hand = handOverOptions();
  requireCard(hand);
  if (back && source !== undefined) {
    throw new SnugError('UPDATE_WHAT', 'Either a bundle or --back.', { hint: 'Leave one out.' });
  }
  if (back) return exitWith(await handBack(hand));
  if (source === undefined) return printUpdates(terminal);
  return exitWith(await handOver(source, allowDowngrade, hand));
}
