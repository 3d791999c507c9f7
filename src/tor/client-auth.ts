import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeDurably } from '../support/durable-file.js';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { encodeBase32 } from '../support/onion-host.js';

/** A key pair of x25519 with which a client opens an onion service; base32 as Tor writes it. */
export interface ClientKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

const FORM = /^public ([A-Z2-7]{52})\nprivate ([A-Z2-7]{52})\n$/;

function raw(key: KeyObject, part: 'x' | 'd'): string {
  const value = key.export({ format: 'jwk' })[part];
  if (typeof value !== 'string') throw new Error(`an x25519 key without ${part}`);
  return encodeBase32(Buffer.from(value, 'base64url')).toUpperCase();
}

/**
 * Only looks; nothing is made or changed.
 *
 * @param file where the pair is kept
 * @returns the pair, undefined when there is none yet
 * @throws SnugError SSH_BAD_KEY
 */
export async function readClientKeys(file: string): Promise<ClientKeys | undefined> {
  try {
    const [, publicKey, privateKey] = FORM.exec(await readFile(file, 'utf8')) ?? [];
    if (publicKey !== undefined && privateKey !== undefined) return { publicKey, privateKey };
    throw new Error('it is not in the form that Snug writes');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new SnugError(
      'SSH_BAD_KEY',
      `The ssh onion's client key "${file}" is no use: ${messageOf(cause)}.`,
      {
        hint: 'Delete the file to have a new pair made; "snug ssh show" then has the new key.',
        cause,
      },
    );
  }
}

/**
 * @param file where the pair is kept, 0600
 * @returns the pair, made at the first call
 * @throws SnugError SSH_BAD_KEY
 */
export async function ensureClientKeys(file: string): Promise<ClientKeys> {
  const known = await readClientKeys(file);
  if (known !== undefined) return known;
  const pair = generateKeyPairSync('x25519');
  const publicKey = raw(pair.publicKey, 'x');
  const privateKey = raw(pair.privateKey, 'd');
  writeDurably(file, `public ${publicKey}\nprivate ${privateKey}\n`);
  return { publicKey, privateKey };
}

/** @returns the one line of `authorized_clients/<name>.auth` (tor(1), CLIENT AUTHORIZATION) */
export function serviceLine({ publicKey }: Pick<ClientKeys, 'publicKey'>): string {
  return `descriptor:x25519:${publicKey}\n`;
}
