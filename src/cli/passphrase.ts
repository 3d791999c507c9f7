import { readFile } from 'node:fs/promises';
import { messageOf, SnugError } from '../support/errors.js';
import { askSecret, type SecretQuestion } from './ask-secret.js';

/** Four words, or twelve letters at random: what guards a backup must stand years of guessing. */
const SHORTEST_PASSPHRASE = 12;
const LONGEST_FILE = 64 * 1024;

/** The terminal that a passphrase may be typed on. */
export type Asking = Pick<SecretQuestion, 'keyboard' | 'say' | 'signal'>;

/**
 * @param file small and of text
 * @returns its text
 * @throws SnugError NOT_READ
 */
export async function readSmallFile(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length <= LONGEST_FILE) return text;
    throw new Error('it is too large');
  } catch (cause) {
    throw new SnugError('NOT_READ', `${file} cannot be read: ${messageOf(cause)}.`, {
      hint: 'Check the path, and whether this user may read it.',
      cause,
    });
  }
}

async function fromFile(file: string): Promise<string> {
  const [line = ''] = (await readSmallFile(file)).split(/\r?\n/, 1);
  if (line !== '') return line;
  throw new SnugError('NO_PASSPHRASE', `The first line of ${file} is empty.`, {
    hint: 'The passphrase must stand there, and nothing else.',
  });
}

/**
 * @param file that the passphrase stands in, else it is asked for
 * @returns the passphrase of a backup that exists
 * @throws SnugError NOT_READ, NO_PASSPHRASE, NO_TERMINAL or CANCELLED
 */
export async function knownPassphrase(file: string | undefined, asking: Asking): Promise<string> {
  if (file !== undefined) return await fromFile(file);
  return await askSecret({ prompt: 'Passphrase of the backup: ', ...asking });
}

/**
 * @param file that the passphrase stands in, else it is asked for, twice
 * @returns a passphrase for a new backup
 * @throws SnugError WEAK_PASSPHRASE or PASSPHRASES_DIFFER, or as {@link knownPassphrase}
 */
export async function newPassphrase(file: string | undefined, asking: Asking): Promise<string> {
  const passphrase =
    file === undefined
      ? await askSecret({ prompt: 'Passphrase for the backup: ', ...asking })
      : await fromFile(file);
  if ([...passphrase].length < SHORTEST_PASSPHRASE) {
    throw new SnugError(
      'WEAK_PASSPHRASE',
      `The passphrase is shorter than ${SHORTEST_PASSPHRASE} characters.`,
      { hint: 'Take four or five words that do not belong together, and write them down.' },
    );
  }
  if (file !== undefined) return passphrase;
  if (passphrase === (await askSecret({ prompt: 'Once more: ', ...asking }))) return passphrase;
  throw new SnugError('PASSPHRASES_DIFFER', 'The two were not the same. Nothing was written.', {
    hint: 'Give the command again.',
  });
}
