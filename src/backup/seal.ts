import { Decrypter, Encrypter, type Identity, type Stanza } from 'age-encryption';
import { messageOf, SnugError } from '../support/errors.js';
import { damaged, foreign, locked } from './problems.js';

/** Who can open a new archive: whoever knows the passphrase, or has the key of a recipient. */
export type Lock =
  | { readonly passphrase: string; readonly workFactor?: number }
  | { readonly recipients: readonly string[] };

/** What opens an archive. */
export type Key = { readonly passphrase: string } | { readonly identities: readonly string[] };

/**
 * The logarithm of scrypt's N. It takes 64 MiB, which a board of 512 MB has beside the relay; age
 * takes 18 on its own, 256 MiB. That is why a passphrase must be long (cli/passphrase.ts).
 */
const WORK_FACTOR = 16;
/** The most that is taken on for somebody's file: 256 MiB and some seconds. */
const MOST_WORK = 18;
/** age's first line (age-encryption.org/v1, "Encrypted file format"). */
const FIRST_LINE = 'age-encryption.org/v1\n';
const ARMOUR = '-----BEGIN AGE';
/** Headers have some hundred bytes; a file without one must not be read whole for it. */
const LONGEST_HEADER = 1024 * 1024;

/** Is asked first, and opens nothing: it only refuses work that a small board cannot do. */
const WORK_GUARD: Identity = {
  unwrapFileKey(stanzas: Stanza[]) {
    const work = stanzas.find(({ args }) => args[0] === 'scrypt')?.args[2];
    if (Number(work ?? 0) > MOST_WORK)
      throw foreign('its passphrase takes too much memory to check');
    return null;
  },
};

/**
 * Encrypts a stream for whoever has the key.
 *
 * @param plain read as fast as the result is read
 * @throws SnugError BAD_RECIPIENT
 */
export async function seal(
  plain: ReadableStream<Uint8Array>,
  lock: Lock,
): Promise<ReadableStream<Uint8Array>> {
  const encrypter = new Encrypter();
  if ('passphrase' in lock) {
    encrypter.setPassphrase(lock.passphrase);
    encrypter.setScryptWorkFactor(lock.workFactor ?? WORK_FACTOR);
  } else {
    for (const recipient of lock.recipients) addRecipient(encrypter, recipient);
  }
  return await encrypter.encrypt(plain);
}

/**
 * Checks a recipient before anything is written.
 * @throws SnugError BAD_RECIPIENT
 */
export function checkRecipients(recipients: readonly string[]): void {
  for (const recipient of recipients) addRecipient(new Encrypter(), recipient);
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new SnugError('BAD_RECIPIENT', `"${recipient}" is no recipient of age.`, {
      hint: 'It begins with "age1", and age-keygen prints it. A key (AGE-SECRET-KEY-…) stays at home.',
      cause,
    });
  }
}

function decrypterFor(key: Key): Decrypter {
  const decrypter = new Decrypter();
  decrypter.addIdentity(WORK_GUARD);
  if ('passphrase' in key) {
    decrypter.addPassphrase(key.passphrase);
    return decrypter;
  }
  for (const identity of key.identities) {
    try {
      decrypter.addIdentity(identity);
    } catch (cause) {
      throw new SnugError('BAD_IDENTITY', 'The file of --identity holds no key of age.', {
        hint: 'A line of it begins with AGE-SECRET-KEY-; age-keygen writes such a file.',
        cause,
      });
    }
  }
  return decrypter;
}

/** Lets a file pass as soon as its header is through. */
function headerBound(): { opened: () => void; bound: TransformStream<Uint8Array, Uint8Array> } {
  let read = 0;
  let opened = false;
  const bound = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (read === 0) checkStart(chunk);
      read += chunk.length;
      if (!opened && read > LONGEST_HEADER) throw foreign('it has no header of age');
      controller.enqueue(chunk);
    },
  });
  return {
    bound,
    opened: () => {
      opened = true;
    },
  };
}

function checkStart(chunk: Uint8Array): void {
  const start = Buffer.from(chunk.subarray(0, FIRST_LINE.length)).toString('latin1');
  if (start.startsWith(ARMOUR)) throw foreign('it is text; decode it first ("age -d", "age -a")');
  if (start !== FIRST_LINE) throw foreign('it is not encrypted by age');
}

function openError(error: unknown): unknown {
  if (error instanceof SnugError) return error;
  const words = messageOf(error);
  if (/no identity matched/.test(words)) return locked(error);
  // Where nothing follows the first line, or what follows is no header.
  return damaged('its header cannot be read', error);
}

/**
 * Opens an archive. What comes out of the stream is authenticated piece by piece; only its end
 * tells that nothing is missing.
 *
 * @param sealed the file
 * @throws SnugError ARCHIVE_FOREIGN, ARCHIVE_LOCKED, ARCHIVE_DAMAGED or BAD_IDENTITY; what the
 *   stream throws later is for {@link streamError}
 */
export async function unseal(
  sealed: ReadableStream<Uint8Array>,
  key: Key,
): Promise<ReadableStream<Uint8Array>> {
  const decrypter = decrypterFor(key);
  const { bound, opened } = headerBound();
  try {
    const plain = await decrypter.decrypt(sealed.pipeThrough(bound));
    opened();
    return plain;
  } catch (error) {
    throw openError(error);
  }
}

/** @returns what went wrong while an opened archive was read, for people */
export function streamError(error: unknown): unknown {
  if (error instanceof SnugError) return error;
  return damaged('it was cut off or changed', error);
}
