import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { SnugError } from '../support/errors.js';
import { asVersion, type Version } from './version.js';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What one version needs of the card and of the data; in its package.json below `snug`. */
export const NEEDS = {
  /** Lowest number of a card (`card-format`) that it runs on. */
  card: count,
  /** Newest format of the state folder that it reads (and all older ones), and which it writes. */
  state: v.strictObject({ reads: count, writes: count }),
} as const;

export const VERSION = v.pipe(
  v.string(),
  v.check((text) => asVersion(text) !== undefined, 'is no version'),
  v.transform((text) => text as Version),
);

const PACKAGE = v.object({
  name: v.literal('snug'),
  version: VERSION,
  snug: v.strictObject(NEEDS),
});

/** One version of Snug, as far as updates go. */
export interface Release {
  readonly version: Version;
  readonly card: number;
  readonly state: { readonly reads: number; readonly writes: number };
}

/**
 * @param folder that a version lies in
 * @returns what its package.json says of it
 * @throws SnugError RELEASE_BROKEN when it says nothing of use
 */
export async function readRelease(folder: string): Promise<Release> {
  try {
    const text = await readFile(join(folder, 'package.json'), 'utf8');
    const { version, snug } = v.parse(PACKAGE, JSON.parse(text));
    return { version, ...snug };
  } catch (cause) {
    throw new SnugError('RELEASE_BROKEN', `${folder} does not hold a version of Snug.`, {
      hint: 'The card may be damaged: back up the state and flash it anew.',
      cause,
    });
  }
}
