import { readFile } from 'node:fs/promises';
import { SnugError } from '../support/errors.js';

/** The templates of the private network, `torrc/private-<name>.torrc`. */
export type TemplateName = 'include' | 'node' | 'authority' | 'client';

/** The text for each `{{key}}` of a template; a list gives a line for each member. */
export type TemplateValues = Readonly<Record<string, string | number | readonly string[]>>;

function oneLine(value: string | number): string {
  const text = String(value);
  if (!/[\r\n\0]/.test(text)) return text;
  throw new SnugError('TORRC_VALUE_UNSAFE', 'A value for a torrc holds a line end.');
}

/**
 * @param name which template
 * @param values what its keys stand for
 * @returns the finished torrc lines
 * @throws SnugError TORRC_VALUE_MISSING when the template asks for a key that `values` lacks,
 *   TORRC_VALUE_UNSAFE when a value would start a line of its own
 */
export async function renderTemplate(name: TemplateName, values: TemplateValues): Promise<string> {
  const file = new URL(`../../../torrc/private-${name}.torrc`, import.meta.url);
  const template = await readFile(file, 'utf8');
  return template.replace(/\{\{(\w+)\}\}/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) {
      throw new SnugError('TORRC_VALUE_MISSING', `torrc/private-${name}.torrc asks for "${key}".`);
    }
    return typeof value === 'object' ? value.map(oneLine).join('\n') : oneLine(value);
  });
}

/**
 * @param path a file or folder
 * @returns it in quotes, as torrc values may hold blanks (tor(1), "THE CONFIGURATION FILE FORMAT")
 * @throws SnugError TORRC_VALUE_UNSAFE for characters that quotes do not protect, or that
 *   `%include` takes for a pattern
 */
export function quotePath(path: string): string {
  if (!/["\\#*?[\]]/.test(path)) return `"${path}"`;
  throw new SnugError('TORRC_VALUE_UNSAFE', `Tor cannot work in the folder ${path}.`, {
    hint: 'Choose a folder whose path has none of the characters " \\ # * ? [ ].',
  });
}
