import { createHash, type KeyObject } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { SnugError } from '../support/errors.js';
import { type Header, headerLength, openHeader, PREFIX_BYTES, SIGNATURE_BYTES } from './header.js';

/** @throws SnugError BUNDLE_DAMAGED */
export function damaged(): SnugError {
  return new SnugError('BUNDLE_DAMAGED', 'The bundle is damaged or cut off.', {
    hint: 'Copy or download it again.',
  });
}

/** A bundle whose signature and content are good. */
export interface Bundle {
  readonly header: Header;
  /** @returns the payload from its beginning */
  payload(): Readable;
  close(): Promise<void>;
}

async function readExactly(file: FileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function hashOf(source: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function readSigned(file: FileHandle, keys: readonly KeyObject[]) {
  const length = headerLength(await readExactly(file, PREFIX_BYTES, 0));
  const start = PREFIX_BYTES + length + SIGNATURE_BYTES;
  const head = await readExactly(file, start, 0);
  if (head.length < start) throw damaged();
  const signed = head.subarray(0, start - SIGNATURE_BYTES);
  return { header: openHeader(signed, head.subarray(signed.length), keys), start };
}

/**
 * Opens a bundle and checks all of it: signature, length, content. The file must be one that nobody
 * else can write to from then on.
 *
 * @param path of the bundle
 * @param keys that are trusted
 * @returns the open bundle
 * @throws SnugError BUNDLE_FOREIGN, BUNDLE_UNTRUSTED or BUNDLE_DAMAGED
 */
export async function openBundle(path: string, keys: readonly KeyObject[]): Promise<Bundle> {
  const file = await open(path, 'r');
  try {
    const { header, start } = await readSigned(file, keys);
    const { size, sha256 } = header.payload;
    if ((await file.stat()).size !== start + size) throw damaged();
    const payload = () => file.createReadStream({ start, autoClose: false });
    if ((await hashOf(payload())) !== sha256) throw damaged();
    return { header, payload, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}
