import { createRequire } from 'node:module';
import { SnugError } from '../support/errors.js';

/**
 * chloride falls back to JavaScript without a word when sodium-native does not load, and is then
 * eighty times slower: a relay on a small board would look alive and never catch up.
 *
 * @param load loads a package as chloride would; a test may pass another
 * @throws SnugError NO_NATIVE_CRYPTO
 */
export function requireNativeCrypto(load: (name: string) => unknown = loadBesideChloride): void {
  if (process.env.CHLORIDE_JS) {
    throw new SnugError('NO_NATIVE_CRYPTO', 'CHLORIDE_JS is set: SSB would use slow JavaScript.', {
      hint: 'Remove CHLORIDE_JS from the environment and start again.',
    });
  }
  try {
    load('sodium-native');
  } catch (cause) {
    throw new SnugError('NO_NATIVE_CRYPTO', 'The native crypto (sodium-native) does not load.', {
      hint: `It ships for linux x64 and arm64 with glibc; this is ${process.platform} ${process.arch}. Run "npm ci" again.`,
      cause,
    });
  }
}

function loadBesideChloride(name: string): unknown {
  const here = createRequire(import.meta.url);
  const chloride = createRequire(here.resolve('ssb-keys'));
  return createRequire(chloride.resolve('chloride'))(name);
}
