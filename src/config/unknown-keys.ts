import { peerTables } from './peers.js';
import type { Finding } from './problems.js';
import { KNOWN_KEYS, KNOWN_LISTS } from './schema.js';
import { isTable, type Table } from './values.js';

/** @returns how many letters must be put in, taken out or changed (Levenshtein) */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (letter === to[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** `perHour`, `per-hour` and `PER_HOUR` are all meant as `per_hour`. */
function plain(key: string): string {
  const snake = key.replace(/([a-z])([A-Z])/g, '$1_$2').replaceAll('-', '_');
  return snake.toLowerCase();
}

/** @returns the candidate nearest to the key, if a slip of the fingers explains the difference */
function nearest(key: string, candidates: readonly string[]): string | undefined {
  if (key.length > 40) return undefined;
  const slips = Math.ceil(key.length / 3);
  const ranked = candidates
    .map((candidate) => ({ candidate, cost: distance(plain(key), candidate) }))
    .sort((a, b) => a.cost - b.cost);
  const best = ranked[0];
  return best !== undefined && best.cost <= slips ? best.candidate : undefined;
}

/** @returns the known key with that very name, in whatever section, as `section.key` */
function elsewhere(key: string): string | undefined {
  const found = [...KNOWN_KEYS].find(([, keys]) => keys.includes(plain(key)));
  return found === undefined ? undefined : `${found[0]}.${plain(key)}`;
}

function unknownIn(
  name: string,
  table: Table,
  keys: readonly string[],
  head = headOf(name),
): Finding[] {
  const dotted = (key: string) => `${name}.${key}`;
  const unknown = Object.keys(table).filter((key) => !keys.includes(key));
  return unknown.map((key) => {
    const near = nearest(key, keys);
    const suggestion = elsewhere(key) ?? (near === undefined ? undefined : dotted(near));
    const allowed = `only known keys, in ${head}: ${keys.join(', ')}`;
    return { key: dotted(key), value: table[key], allowed, unknown: { suggestion } };
  });
}

function unknownInList(name: string, list: unknown, keys: readonly string[]): Finding[] {
  return peerTables(list).flatMap((table, index) =>
    unknownIn(`${name}.${index + 1}`, table, keys, headOf(name)),
  );
}

/** @returns the line that begins a section or a table of a list */
function headOf(name: string): string {
  return KNOWN_LISTS.has(name) ? `[[${name}]]` : `[${name}]`;
}

/**
 * @param document a parsed TOML file
 * @returns a finding for every section and key that does not exist, with the likely one if close
 */
export function unknownKeys(document: Table): Finding[] {
  return Object.entries(document).flatMap(([name, value]) => {
    const keys = KNOWN_KEYS.get(name);
    if (keys !== undefined) return isTable(value) ? unknownIn(name, value, keys) : [];
    const listed = KNOWN_LISTS.get(name);
    if (listed !== undefined) return unknownInList(name, value, listed);
    const sections = [...KNOWN_KEYS.keys(), ...KNOWN_LISTS.keys()];
    const near = nearest(name, sections);
    const suggestion = elsewhere(name) ?? (near === undefined ? undefined : headOf(near));
    const allowed = `only known sections: ${sections.map(headOf).join(', ')}`;
    return [{ key: name, value, allowed, unknown: { suggestion } }];
  });
}
