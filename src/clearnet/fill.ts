import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SnugError } from '../support/errors.js';
import { PACKAGE_ROOT } from '../support/package.js';

const FOLDER = join(PACKAGE_ROOT, 'systemd', 'clearnet');
/** What neither a Caddyfile nor a unit takes for anything but itself. */
const PLAIN = /^[A-Za-z0-9/._@:+-]*$/;

/**
 * @param what for the error's message
 * @param value goes into a Caddyfile or a unit as it is
 * @returns the same
 * @throws SnugError CLEARNET_BAD_VALUE when a sign in it could mean more than itself there
 */
export function plain(what: string, value: string | number): string {
  const text = String(value);
  if (PLAIN.test(text)) return text;
  throw new SnugError('CLEARNET_BAD_VALUE', `The proxy cannot be given this ${what}: "${text}".`, {
    hint: 'Choose one of letters, digits and the signs / . _ @ : + - only.',
  });
}

/**
 * @param name of a template in systemd/clearnet/
 * @param values what its names in double braces stand for, safe already; a line that holds nothing
 *   but an empty one is left out
 * @returns the finished text
 * @throws SnugError CLEARNET_BAD_TEMPLATE when it asks for something else
 */
export function fillTemplate(name: string, values: Readonly<Record<string, string>>): string {
  const template = readFileSync(join(FOLDER, name), 'utf8');
  const known = (key: string) => {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value !== undefined) return value;
    throw new SnugError('CLEARNET_BAD_TEMPLATE', `systemd/clearnet/${name} asks for "${key}".`);
  };
  return template
    .replace(/^[\t ]*\{\{(\w+)\}\}\n/gm, (line, key: string) => (known(key) === '' ? '' : line))
    .replace(/\{\{(\w+)\}\}/g, (_, key: string) => known(key));
}
