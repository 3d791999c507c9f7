import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'smol-toml';
import { loadConfig } from '../../src/config/load-config.js';
import { ConfigError } from '../../src/config/problems.js';
import { KNOWN_KEYS } from '../../src/config/schema.js';
import { isTable } from '../../src/config/values.js';

const folder = mkdtempSync(join(tmpdir(), 'snug-config-'));
after(() => rmSync(folder, { recursive: true }));
const ENV = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };
const EXAMPLE = readFileSync(new URL('../../../snug.example.toml', import.meta.url), 'utf8');
const UNCOMMENTED = EXAMPLE.replace(/^#(?=[a-z_]+ = )/gm, '');

function load(content: string) {
  const file = join(folder, 'snug.toml');
  writeFileSync(file, content);
  return loadConfig({ file, env: ENV });
}

test('the example, as it is and with every key uncommented, says the same as an empty file', () => {
  assert.deepEqual(load(EXAMPLE), load(''));
  assert.deepEqual(load(UNCOMMENTED), load(''));
});

test('the example shows every section and key, in the order of the schema', () => {
  const shown = Object.entries(parse(UNCOMMENTED)).map(([name, table]) => [
    name,
    isTable(table) ? Object.keys(table) : [],
  ]);
  assert.deepEqual(shown, [...KNOWN_KEYS]);
});

test('the example states the range of every number', () => {
  const numbers = UNCOMMENTED.replace(/^([a-z_]+) = \d+$/gm, '$1 = -1');
  assert.throws(
    () => load(numbers),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.problems.length, 18);
      for (const { key, allowed } of error.problems) {
        const name = key?.split('.')[1] ?? '';
        const range = allowed.replace('a whole number from', 'From');
        const paragraph = EXAMPLE.split('\n\n').find((text) => text.includes(`\n#${name} = `));
        assert.ok(paragraph?.includes(range), `${key}: ${range}`);
      }
      return true;
    },
  );
});
