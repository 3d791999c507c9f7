import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../support/durable-file.js';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { type OnionHost, onionHostOf } from '../support/onion-host.js';
import { publicKeyOf } from './ed25519.js';

/** Tor's names for the files of an onion service. */
export const SECRET_KEY = 'hs_ed25519_secret_key';
const PUBLIC_KEY = 'hs_ed25519_public_key';
const HOSTNAME = 'hostname';

/** Tor's key files start with 32 bytes that say what they are; the expanded key has 64. */
const HEAD = Buffer.from('== ed25519v1-secret: type0 ==\0\0\0');
const LENGTH = HEAD.length + 64;
const PUBLIC_HEAD = Buffer.from('== ed25519v1-public: type0 ==\0\0\0');

/** RFC 8032, section 5.1.5: a hash of the seed, some bits fixed. */
function newKey(): Buffer {
  const expanded = createHash('sha512').update(randomBytes(32)).digest();
  expanded.writeUInt8(expanded.readUInt8(0) & 0xf8, 0);
  expanded.writeUInt8((expanded.readUInt8(31) & 0x3f) | 0x40, 31);
  return Buffer.concat([HEAD, expanded]);
}

/**
 * Only looks; nothing is made or changed.
 *
 * @param folder of the onion service
 * @returns the key file, undefined when there is none yet
 * @throws SnugError TOR_BAD_KEY
 */
export async function readOnionKey(folder: string): Promise<Buffer | undefined> {
  const path = join(folder, SECRET_KEY);
  try {
    const key = await readFile(path);
    if (key.length === LENGTH && key.subarray(0, HEAD.length).equals(HEAD)) return key;
    throw new Error('it is not in the form of Tor');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new SnugError(
      'TOR_BAD_KEY',
      `The onion's key "${path}" is no use: ${messageOf(cause)}.`,
      {
        hint: 'Restore it from a backup. Do not delete it: a new key is a new address.',
        cause,
      },
    );
  }
}

/** What follows from the key is put right without a word, and not written without need. */
async function keep(path: string, content: Buffer): Promise<void> {
  const known = await readFile(path).catch(() => undefined);
  if (known?.equals(content) !== true) writeDurably(path, content);
}

/**
 * Reads the key of an onion service, as Tor would keep it, or makes one. Where Tor runs as another
 * user, it cannot keep the key itself: the relay's backup must have it.
 *
 * @param folder 0700; gets the files `hs_ed25519_secret_key`, `hs_ed25519_public_key` and `hostname`
 * @returns the service's host, and its key file (96 bytes)
 * @throws SnugError TOR_BAD_KEY
 */
export async function ensureOnionKey(
  folder: string,
): Promise<{ readonly host: OnionHost; readonly key: Buffer }> {
  let key = await readOnionKey(folder);
  if (key === undefined) {
    key = newKey();
    writeDurably(join(folder, SECRET_KEY), key);
  }
  const publicKey = publicKeyOf(key.subarray(HEAD.length, HEAD.length + 32));
  const host = onionHostOf(publicKey);
  await keep(join(folder, PUBLIC_KEY), Buffer.concat([PUBLIC_HEAD, publicKey]));
  await keep(join(folder, HOSTNAME), Buffer.from(`${host}\n`));
  return { host, key };
}
