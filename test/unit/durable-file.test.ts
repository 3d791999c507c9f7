import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeDurably } from '../../src/support/durable-file.js';

test('a file has the mode that was asked for, whatever a power cut has left in its way', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'snug-durable-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [file, other] = [join(folder, 'file'), join(folder, 'other')];
  writeFileSync(other, 'not ours');
  for (const mode of [0o600, 0o640]) {
    symlinkSync(other, `${file}.new`);
    writeDurably(file, Buffer.from(`mode ${mode}`), mode);
    assert.equal(readFileSync(file, 'utf8'), `mode ${mode}`);
    assert.equal(statSync(file).mode & 0o777, mode);
    assert.equal(readFileSync(other, 'utf8'), 'not ours', 'no link is followed');
    assert.deepEqual(readdirSync(folder).sort(), ['file', 'other']);
  }
});
