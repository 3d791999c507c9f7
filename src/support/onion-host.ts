import { createHash } from 'node:crypto';
import { SnugError } from './errors.js';

/** A version 3 onion host, lower case, such as `2gzyxa5ihm7….onion`; made only by its parser. */
export type OnionHost = string & { readonly __brand: 'OnionHost' };

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const VERSION = 3;

/** @returns the bytes of unpadded RFC 4648 base32 in lower case */
function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

/**
 * @param bytes any
 * @returns them in base32 (RFC 4648), lower case, without padding
 */
export function encodeBase32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + ALPHABET[(value << (5 - bits)) & 31];
}

/** rend-spec-v3, "Encoding onion addresses": the first two bytes of this hash. */
function checksum(publicKey: Buffer): Buffer {
  const input = Buffer.concat([Buffer.from('.onion checksum'), publicKey, Buffer.from([VERSION])]);
  return createHash('sha3-256').update(input).digest().subarray(0, 2);
}

/**
 * @param text a host name, any case
 * @returns the host, or undefined unless it is 56 base32 letters with a right checksum and version
 */
export function asOnionHost(text: string): OnionHost | undefined {
  const host = text.toLowerCase();
  if (!/^[a-z2-7]{56}\.onion$/.test(host)) return undefined;
  const bytes = decodeBase32(host.slice(0, 56));
  const publicKey = bytes.subarray(0, 32);
  const sound = bytes[34] === VERSION && checksum(publicKey).equals(bytes.subarray(32, 34));
  return sound ? (host as OnionHost) : undefined;
}

/**
 * @param publicKey ed25519, 32 bytes
 * @returns the host of the onion service with this key
 */
export function onionHostOf(publicKey: Buffer): OnionHost {
  const address = Buffer.concat([publicKey, checksum(publicKey), Buffer.from([VERSION])]);
  return `${encodeBase32(address)}.onion` as OnionHost;
}

/**
 * @param text a host name, any case
 * @returns the host
 * @throws SnugError BAD_ONION_HOST when it is not a sound version 3 address
 */
export function parseOnionHost(text: string): OnionHost {
  const host = asOnionHost(text);
  if (host !== undefined) return host;
  throw new SnugError('BAD_ONION_HOST', `"${text}" is not a version 3 onion address.`, {
    hint: 'Copy it again: 56 letters and digits (a-z, 2-7), then .onion.',
  });
}
