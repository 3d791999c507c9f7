import { codeOf, messageOf, SnugError } from '../support/errors.js';

/** What the kernel says, in LevelDB's words, when no more can be written. */
const FULL = /no space left|file too large|quota exceeded/i;

/** Opening wraps the reason in LEVEL_DATABASE_NOT_OPEN; the reason is what people need. */
function reasonOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return codeOf(error) === 'LEVEL_DATABASE_NOT_OPEN' && cause !== undefined ? cause : error;
}

/**
 * @param folder the database that is damaged
 * @param cause what was found
 * @returns the error that says so
 */
export function damaged(folder: string, cause: unknown): SnugError {
  return new SnugError('STATE_DAMAGED', `The invite database in ${folder} is damaged.`, {
    cause,
    hint: 'Stop the relay, then bring the folder back from a backup. Moving it away starts with no codes and no bans.',
  });
}

/**
 * @param folder where the database is
 * @param error what classic-level threw while opening, reading or writing
 * @returns the same as a SnugError: STATE_IN_USE, STATE_DAMAGED, DISK_FULL, DESK_CLOSED or STATE_FAILED
 */
export function storeError(folder: string, error: unknown): SnugError {
  if (error instanceof SnugError) return error;
  const cause = reasonOf(error);
  const code = codeOf(cause);
  if (code === 'LEVEL_LOCKED') {
    return new SnugError('STATE_IN_USE', `Another process uses the invite database in ${folder}.`, {
      cause,
      hint: 'Only one relay may run on one state folder: stop the other one first.',
    });
  }
  if (code === 'LEVEL_CORRUPTION' || code === 'LEVEL_DECODING_ERROR') return damaged(folder, cause);
  if (FULL.test(messageOf(cause))) {
    return new SnugError('DISK_FULL', `The disk is full: nothing can be written in ${folder}.`, {
      cause,
      hint: 'Make room on the disk; the relay goes on by itself.',
    });
  }
  if (code === 'LEVEL_DATABASE_NOT_OPEN') {
    return new SnugError('DESK_CLOSED', 'The invite database is closed.', { cause });
  }
  const why = messageOf(cause);
  return new SnugError('STATE_FAILED', `The invite database in ${folder} fails: ${why}.`, {
    cause,
    hint: 'Check the disk and the owner of the folder.',
  });
}
