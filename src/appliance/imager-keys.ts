import { keyLines } from '../config/key-lines.js';

/**
 * The relay publishes an onion for ssh when its configuration has a key: keys that only Raspberry Pi
 * Imager was told are put into it.
 *
 * @param text of a sound snug.toml that names no key
 * @param keys public keys; without any, the text stays as it is
 * @returns the text with these keys in `[ssh]`
 */
export function withKeys(text: string, keys: readonly string[]): string {
  if (keys.length === 0) return text;
  const values = `keys = [${keys.map((key) => JSON.stringify(key)).join(', ')}]`;
  const found = keyLines(text.replace(/^\ufeff/, ''));
  const header = found.get('ssh');
  if (header === undefined) return `${text}\n[ssh]\n${values}\n`;
  const lines = text.split('\n');
  // An empty list, where there is one, would be a second value for the same key.
  const empty = found.get('ssh.keys');
  if (empty === undefined) lines.splice(header, 0, values);
  else lines[empty - 1] = values;
  return lines.join('\n');
}
