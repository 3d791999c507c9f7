import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import ssbKeys from 'ssb-keys';
import type { Keys } from 'ssb-server';
import { codeOf, SnugError } from '../support/errors.js';
import { asFeedId } from '../support/feed-id.js';

const HEADER = `# The secret key of this relay. Whoever has it can speak as the relay.
# Never copy it to a second running relay: its feed would fork and its members would drop it.
`;

/** A half-written key must never be taken for one: written aside, then renamed. */
function writeDurably(file: string, text: string): void {
  const aside = `${file}.new`;
  const handle = openSync(aside, 'w', 0o600);
  writeSync(handle, text);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(aside, file);
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function isKeys(value: unknown): value is Keys {
  const keys = value as Partial<Keys> | null;
  return (
    asFeedId(keys?.id) === `@${keys?.public}` &&
    typeof keys?.private === 'string' &&
    Buffer.from(keys.private, 'base64').length === 64
  );
}

function readKeys(text: string, file: string): Keys {
  const json = text.replace(/^\s*#.*$/gm, '');
  try {
    const value: unknown = JSON.parse(json);
    if (isKeys(value)) return value;
  } catch {
    // Reported below, together with JSON that is no key.
  }
  throw new SnugError('SSB_KEY_DAMAGED', `The relay's own key in ${file} cannot be read.`, {
    hint: 'Restore the file from a backup. Do not delete it: a new key is a new relay.',
  });
}

/**
 * @param file path of the relay's secret (the format of ssb-keys); made 0600 if there is none
 * @returns the relay's key pair
 * @throws SnugError SSB_KEY_DAMAGED rather than making a new key over a damaged one
 */
export function loadOwnKey(file: string): Keys {
  try {
    const keys = readKeys(readFileSync(file, 'utf8'), file);
    chmodSync(file, 0o600);
    return keys;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const keys = ssbKeys.generate('ed25519');
  writeDurably(file, `${HEADER}${JSON.stringify(keys, null, 2)}\n`);
  return keys;
}
