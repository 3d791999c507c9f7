import { createPublicKey, type KeyObject } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, SnugError } from '../support/errors.js';

const KEY_BYTES = 32;
/** More keys than any card needs; each costs a verification. */
const MOST_KEYS = 16;

/**
 * @param raw an ed25519 public key, 32 bytes
 * @returns it as Node's crypto takes it
 */
export function publicKeyOf(raw: Buffer): KeyObject {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/**
 * @param key an ed25519 key, public or private
 * @returns the text of a `.pub` file: base64 of the public key's 32 bytes
 */
export function publicKeyText(key: KeyObject): string {
  const { x = '' } = (key.type === 'private' ? createPublicKey(key) : key).export({
    format: 'jwk',
  });
  return `${Buffer.from(x, 'base64url').toString('base64')}\n`;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.pub')).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readKey(file: string): Promise<KeyObject> {
  const text = (await readFile(file, 'utf8')).trim();
  const raw = Buffer.from(text, 'base64');
  if (raw.length === KEY_BYTES && raw.toString('base64') === text) return publicKeyOf(raw);
  throw new SnugError('BAD_RELEASE_KEY', `${file} does not hold a release key.`, {
    hint: 'It must hold one line: the 32 bytes of an ed25519 public key in base64.',
  });
}

/**
 * @param folders of `*.pub` files; those that do not exist are empty
 * @returns the keys that this card trusts
 * @throws SnugError BAD_RELEASE_KEY for a file that holds none, NO_RELEASE_KEY when there is none
 */
export async function readKeys(folders: readonly string[]): Promise<KeyObject[]> {
  const files: string[] = [];
  for (const folder of folders) {
    for (const name of await namesIn(folder)) files.push(join(folder, name));
  }
  if (files.length > 0) return Promise.all(files.slice(0, MOST_KEYS).map(readKey));
  throw new SnugError('NO_RELEASE_KEY', 'This card trusts no release key, so it takes no update.', {
    hint: `Put the .pub file of whoever signs your releases into ${folders.at(-1)}, or build the card with one (image/release-keys/README.md).`,
  });
}
