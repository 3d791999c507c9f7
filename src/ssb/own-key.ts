import { chmodSync, readFileSync } from 'node:fs';
import ssbKeys from 'ssb-keys';
import type { Keys } from 'ssb-server';
import { writeDurably } from '../support/durable-file.js';
import { codeOf, SnugError } from '../support/errors.js';
import { asFeedId } from '../support/feed-id.js';

const HEADER = `# The secret key of this relay. Whoever has it can speak as the relay.
# Never copy it to a second running relay: its feed would fork and its members would drop it.
`;

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
 * Only looks; nothing is made or changed.
 *
 * @param file path of the relay's secret
 * @throws SnugError SSB_KEY_DAMAGED, or that of the file system when it is not there
 */
export function checkOwnKey(file: string): void {
  readKeys(readFileSync(file, 'utf8'), file);
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
