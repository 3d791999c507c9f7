import { parse } from 'smol-toml';
import { isTable, type Table } from './values.js';

/** Longer files get no line numbers; the example has fewer than three hundred. */
const MOST_LINES = 1000;

function parsed(text: string): Table | undefined {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch {
    return undefined;
  }
}

/** @returns the dotted names of the sections, of the keys in them, and of a list's tables (from 1) */
function keysOf(document: Table): string[] {
  return Object.entries(document).flatMap(([name, value]) => {
    const inner = isTable(value) ? Object.keys(value) : [];
    const listed = Array.isArray(value) ? keysOf(numbered(value)) : [];
    return [name, ...[...inner, ...listed].map((key) => `${name}.${key}`)];
  });
}

function numbered(list: readonly unknown[]): Table {
  const tables = list.map((item, index) => [index + 1, item] as const);
  return Object.fromEntries(tables.filter(([, item]) => isTable(item)));
}

/**
 * Finds where keys stand. The parser does not tell, so it is given the text again, one line longer
 * each time: a key stands on the first line after which it is there. Parts that end in the middle
 * of a value do not parse, so a value of several lines counts from its first.
 *
 * @param text a sound TOML file
 * @returns line numbers, from 1, by dotted key (`invites`, `invites.port`, `peers.1.name`)
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
