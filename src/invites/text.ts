import { SnugError } from '../support/errors.js';
import { MAX_NOTE_LENGTH } from './limits.js';

/** Control characters, line separators, and the marks that turn the direction of text around. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/**
 * Notes and reasons are printed in terminals, never published; they must be one plain line.
 *
 * @param text what the operator wrote, if anything
 * @param name what it is called in the error, such as `note`
 * @returns the text without blanks around it; undefined when nothing is left
 * @throws SnugError BAD_NOTE when it is too long or has control characters
 */
export function checkedNote(text: string | undefined, name: string): string | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed.length > MAX_NOTE_LENGTH || UNPRINTABLE.test(trimmed)) {
    const why = trimmed.length > MAX_NOTE_LENGTH ? 'is too long' : 'has control characters';
    throw new SnugError('BAD_NOTE', `The ${name} ${why}.`, {
      hint: `Write one line of at most ${MAX_NOTE_LENGTH} characters.`,
    });
  }
  return trimmed === '' ? undefined : trimmed;
}
