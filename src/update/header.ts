import { type KeyObject, sign, verify } from 'node:crypto';
import * as v from 'valibot';
import { SnugError } from '../support/errors.js';
import { NEEDS, VERSION } from './release.js';

/*
 * A bundle is one file:
 *   MAGIC, 4 bytes length of the header (big endian), the header (JSON), 64 bytes ed25519
 *   signature of all before it, then the payload: a tar of the version's folder, in brotli.
 * The header names the payload's length and SHA-256, so the signature covers every byte.
 */

const MAGIC = Buffer.from('snug bundle 1\n');
const LENGTH_BYTES = 4;
export const PREFIX_BYTES = MAGIC.length + LENGTH_BYTES;
export const SIGNATURE_BYTES = 64;
export const LONGEST_HEADER = 4096;
/** A bundle has 10 MB or so; more than these are no bundle of Snug. */
export const LARGEST_BUNDLE = 128 * 1024 * 1024;
const LARGEST_TREE = 512 * 1024 * 1024;
const MOST_FILES = 50_000;

const upTo = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

const HEADER = v.strictObject({
  name: v.literal('snug'),
  version: VERSION,
  /** As Node's process.arch. */
  arch: v.picklist(['arm64', 'x64']),
  ...NEEDS,
  payload: v.strictObject({
    /** Bytes in the bundle. */
    size: upTo(LARGEST_BUNDLE),
    /** Of these bytes, in hex. */
    sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    /** Bytes of the tar, and files in it. */
    unpacked: upTo(LARGEST_TREE),
    files: upTo(MOST_FILES),
  }),
});

/** What a bundle says of itself. */
export type Header = v.InferOutput<typeof HEADER>;

/** @returns the bytes before a bundle's payload */
export function encodeHeader(header: Header, privateKey: KeyObject): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  if (text.length > LONGEST_HEADER) throw new RangeError('the header is too long');
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  const signed = Buffer.concat([MAGIC, length, text]);
  return Buffer.concat([signed, sign(null, signed, privateKey)]);
}

/**
 * @param prefix the first {@link PREFIX_BYTES} of a file, or what there is
 * @returns how many bytes the header has
 * @throws SnugError BUNDLE_FOREIGN when it is no bundle
 */
export function headerLength(prefix: Buffer): number {
  const sound = prefix.length === PREFIX_BYTES && prefix.subarray(0, MAGIC.length).equals(MAGIC);
  const length = sound ? prefix.readUInt32BE(MAGIC.length) : 0;
  if (length > 0 && length <= LONGEST_HEADER) return length;
  throw new SnugError('BUNDLE_FOREIGN', 'This is no bundle of Snug.', {
    hint: 'Take the file snug-<version>-arm64.bundle of a release.',
  });
}

/**
 * The header is not looked into before its signature has been found good.
 *
 * @param signed everything before the signature
 * @param signature 64 bytes
 * @param keys that are trusted
 * @returns the header
 * @throws SnugError BUNDLE_UNTRUSTED, or BUNDLE_DAMAGED when the signed header makes no sense
 */
export function openHeader(signed: Buffer, signature: Buffer, keys: readonly KeyObject[]): Header {
  if (!keys.some((key) => verify(null, signed, key, signature))) {
    throw new SnugError(
      'BUNDLE_UNTRUSTED',
      'No release key that this card trusts has signed this.',
      {
        hint: 'It is damaged, or from somebody else: take it again from where you know it is right.',
      },
    );
  }
  try {
    return v.parse(HEADER, JSON.parse(signed.subarray(PREFIX_BYTES).toString('utf8')));
  } catch (cause) {
    throw new SnugError('BUNDLE_DAMAGED', 'This version of Snug does not understand the bundle.', {
      hint: 'Install a version in between first, or flash a new card.',
      cause,
    });
  }
}
