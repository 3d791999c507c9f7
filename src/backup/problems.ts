import { codeOf, messageOf, SnugError } from '../support/errors.js';

/** @returns the error of an archive that cannot be trusted, whatever is wrong with it */
export function damaged(why: string, cause?: unknown): SnugError {
  return new SnugError('ARCHIVE_DAMAGED', `The backup is damaged: ${why}. Nothing was changed.`, {
    hint: 'Use another backup, or another copy of this one.',
    cause,
  });
}

/** @returns the error of a file that is no backup of Snug */
export function foreign(why: string, cause?: unknown): SnugError {
  return new SnugError('ARCHIVE_FOREIGN', `That is no backup of Snug: ${why}.`, {
    hint: 'Nothing was changed. Name a file that "snug backup" has written.',
    cause,
  });
}

/** @returns the error of an archive that this passphrase or key does not open */
export function locked(cause?: unknown): SnugError {
  return new SnugError('ARCHIVE_LOCKED', 'The backup does not open with that passphrase or key.', {
    hint: 'Nothing was changed. Try again; for a backup with --recipient, name the key with --identity.',
    cause,
  });
}

/**
 * @param where the folder or file that was written to
 * @param error of the file system
 * @returns the same for people
 */
export function writeError(where: string, error: unknown): unknown {
  if (error instanceof SnugError || codeOf(error) === undefined) return error;
  if (codeOf(error) === 'ENOSPC') {
    return new SnugError('DISK_FULL', `The disk is full: ${where} cannot be written.`, {
      hint: 'Make room, or choose another disk. What was there before is unchanged.',
      cause: error,
    });
  }
  return new SnugError('NOT_WRITTEN', `${where} cannot be written: ${messageOf(error)}.`, {
    hint: 'Check the path and who may write there.',
    cause: error,
  });
}
