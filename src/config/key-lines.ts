import { parse } from 'smol-toml';
import { isTable, type Table } from './values.js';

/** Longer files get no line numbers; the example has about a hundred lines. */
const MOST_LINES = 1000;

function parsed(text: string): Table | undefined {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch {
    return undefined;
  }
}

/** @returns the dotted names of the sections and of the keys in them */
function keysOf(document: Table): string[] {
  return Object.entries(document).flatMap(([name, value]) => {
    const inner = isTable(value) ? Object.keys(value) : [];
    return [name, ...inner.map((key) => `${name}.${key}`)];
  });
}

/**
 * Finds where keys stand. The parser does not tell, so it is given the text again, one line longer
 * each time: a key stands on the first line after which it is there. Parts that end in the middle
 * of a value do not parse, so a value of several lines counts from its first.
 *
 * @param text a sound TOML file
 * @returns line numbers, from 1, by dotted key (`invites`, `invites.port`)
 */
export function keyLines(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const lines = text.split(/\r?\n/);
  if (lines.length > MOST_LINES) return found;
  let line = 1;
  for (let end = 1; end <= lines.length; end++) {
    const document = parsed(lines.slice(0, end).join('\n'));
    if (document === undefined) continue;
    for (const key of keysOf(document)) if (!found.has(key)) found.set(key, line);
    line = end + 1;
  }
  return found;
}
