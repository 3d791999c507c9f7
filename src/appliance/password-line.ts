import { keyLines } from '../config/key-lines.js';

const MOVED = 'Taken off this partition and kept on the card.';

/**
 * Takes a secret, or the name of its file, out of the operator's file and leaves every other byte as
 * it is: other lines, line ends, a byte order mark.
 *
 * @param text of a sound snug.toml
 * @param path of the key, such as `wifi.password`
 * @returns the text without its value; the same text when there is none, undefined when the key does
 *   not stand on a line of its own
 */
export function withoutValue(
  text: string,
  path: 'wifi.password' | 'mail.password_file',
): string | undefined {
  const number = keyLines(text.replace(/^\ufeff/, '')).get(path);
  if (number === undefined) return text;
  const key = path.slice(path.indexOf('.') + 1);
  const lines = text.split('\n');
  const line = lines[number - 1] ?? '';
  if (new RegExp(`^\\s*${key}\\s*=\\s*""`).test(line)) return text;
  if (!new RegExp(`^\\s*${key}\\s*=\\s*(?!"""|''')["']`).test(line)) return undefined;
  lines[number - 1] = `#${key} = "" # ${MOVED}${line.endsWith('\r') ? '\r' : ''}`;
  return lines.join('\n');
}
