import { SnugError } from '../support/errors.js';

/** A version such as `1.2.3` or `1.2.3-rc.1`, which can be a folder's name; made by its parser. */
export type Version = string & { readonly __brand: 'Version' };

const FORM =
  /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(?:-([0-9a-z]+(?:\.[0-9a-z]+)*))?$/;
const LONGEST = 60;

/**
 * @param text any
 * @returns the version, or undefined when it is none (semver.org, small letters, no build part)
 */
export function asVersion(text: string): Version | undefined {
  return text.length <= LONGEST && FORM.test(text) ? (text as Version) : undefined;
}

/**
 * @param text any
 * @returns the version
 * @throws SnugError BAD_VERSION when it is none
 */
export function parseVersion(text: string): Version {
  const version = asVersion(text);
  if (version !== undefined) return version;
  throw new SnugError('BAD_VERSION', 'What should be a version of Snug is none.', {
    hint: 'Versions look like 1.2.3 or 1.2.3-rc.1.',
  });
}

/** Numbers by value and before words, words by letters. */
function compareWords(a: string, b: string): number {
  const [first, second] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (first && second) return Number(a) - Number(b);
  if (first !== second) return first ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const order = compareWords(a[index] ?? '', b[index] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/**
 * @returns less than 0 when `a` is older than `b`, more when it is newer (semver.org, 11)
 */
export function compareVersions(a: Version, b: Version): number {
  const [, ...first] = FORM.exec(a) ?? [];
  const [, ...second] = FORM.exec(b) ?? [];
  const order = compareLists(first.slice(0, 3), second.slice(0, 3));
  if (order !== 0) return order;
  const [early, late] = [first[3], second[3]];
  if (early === undefined || late === undefined) {
    return Number(early === undefined) - Number(late === undefined);
  }
  return compareLists(early.split('.'), late.split('.'));
}
