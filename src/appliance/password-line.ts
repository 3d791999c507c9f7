import { keyLines } from '../config/key-lines.js';

const KEY = 'wifi.password';
const MOVED = '#password = "" # Taken off this partition and kept on the card.';

/**
 * Takes the Wi-Fi password out of the operator's file and leaves every other byte as it is: other
 * lines, line ends, a byte order mark.
 *
 * @param text of a sound snug.toml
 * @returns the text without it; the same text when there is none, undefined when the password
 *   does not stand on a line of its own
 */
export function withoutPassword(text: string): string | undefined {
  const number = keyLines(text.replace(/^\ufeff/, '')).get(KEY);
  if (number === undefined) return text;
  const lines = text.split('\n');
  const line = lines[number - 1] ?? '';
  if (/^\s*password\s*=\s*""/.test(line)) return text;
  if (!/^\s*password\s*=\s*(?!"""|''')["']/.test(line)) return undefined;
  lines[number - 1] = line.endsWith('\r') ? `${MOVED}\r` : MOVED;
  return lines.join('\n');
}
