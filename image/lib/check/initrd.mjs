// The initramfs is packed; the rules look into it as into any other file.
import { execFileSync } from 'node:child_process';
import { SetupError } from '../../../scripts/setup.mjs';

/** Ends each cpio archive. The first one has modules of the kernel, as they are in its package. */
const TRAILER = 'TRAILER!!!';
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const MOST = 1024 ** 3;

/**
 * @param {Buffer} content of an initramfs as initramfs-tools makes it: a plain cpio archive, then
 *   one that zstd has packed
 * @returns {Buffer} both, unpacked
 * @throws SetupError when it is made otherwise, and so would not be looked into
 */
export function unpackInitrd(content) {
  const end = content.indexOf(TRAILER);
  const start = end < 0 ? -1 : content.indexOf(ZSTD, end);
  if (start < 0) throw new SetupError('The initramfs is not packed as image/lib/check expects.');
  const options = { input: content.subarray(start), maxBuffer: MOST };
  const rest = execFileSync('zstd', ['--decompress', '--quiet', '--stdout'], options);
  if (!rest.includes(TRAILER)) throw new SetupError('The initramfs holds no second archive.');
  return Buffer.concat([content.subarray(0, start), rest]);
}
