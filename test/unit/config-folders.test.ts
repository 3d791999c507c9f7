import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { prepareFolders } from '../../src/config/prepare-folders.js';
import { SnugError } from '../../src/support/errors.js';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'snug-folders-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const modeOf = (path: string) => fs.statSync(path).mode & 0o777;
const prepare = (state: string, run = join(folder, 'run')) =>
  prepareFolders({ paths: { state, run } });

function refused(state: string, run?: string): SnugError {
  try {
    prepare(state, run);
  } catch (error) {
    assert.ok(error instanceof SnugError, String(error));
    assert.equal(error.code, 'FOLDER_UNUSABLE');
    assert.ok(error.hint);
    return error;
  }
  return assert.fail('nothing was refused');
}

test('missing folders and their parents are created for their owner alone', () => {
  const umask = process.umask(0);
  try {
    prepare(join(folder, 'a', 'state'));
  } finally {
    process.umask(umask);
  }
  for (const name of ['a', 'a/state', 'run']) assert.equal(modeOf(join(folder, name)), 0o700, name);
});

test('even a umask that takes everything leaves the folders usable', () => {
  const umask = process.umask(0o277);
  try {
    prepare(join(folder, 'state'));
  } finally {
    process.umask(umask);
  }
  assert.equal(modeOf(join(folder, 'state')), 0o700);
});

test('own folders with a looser mode are tightened, and what is in them stays', () => {
  const state = join(folder, 'state');
  fs.mkdirSync(state);
  fs.chmodSync(state, 0o777);
  fs.writeFileSync(join(state, 'kept'), 'kept');
  fs.chmodSync(join(state, 'kept'), 0o644);
  prepare(state);
  prepare(state);
  assert.equal(modeOf(state), 0o700);
  assert.equal(modeOf(join(state, 'kept')), 0o644);
});

test('a folder of another user is refused and left as it is', () => {
  const root = process.geteuid?.() === 0;
  const foreign = root ? join(folder, 'foreign') : '/usr';
  if (root) {
    fs.mkdirSync(foreign, { mode: 0o755 });
    fs.chownSync(foreign, 12345, 12345);
  }
  const before = modeOf(foreign);
  const error = refused(foreign);
  assert.ok(error.message.includes(foreign));
  assert.match(error.message, root ? /belongs to user 12345/ : /belongs to user 0/);
  assert.match(error.hint ?? '', /paths\.state/);
  assert.equal(modeOf(foreign), before);
});

test('a file where a folder should be is refused', () => {
  const file = join(folder, 'file');
  fs.writeFileSync(file, '');
  assert.match(refused(file).message, /file or a symbolic link/);
  assert.ok(refused(join(file, 'below')).message.includes(file));
});

test('symbolic links are not followed, whether they lead somewhere or not', () => {
  const elsewhere = join(folder, 'elsewhere');
  fs.mkdirSync(elsewhere);
  fs.chmodSync(elsewhere, 0o755);
  for (const [name, target] of [
    ['link', elsewhere],
    ['dangling', join(folder, 'nowhere')],
  ] as const) {
    const link = join(folder, name);
    fs.symlinkSync(target, link);
    const error = refused(join(folder, 'state'), link);
    assert.ok(error.message.includes(link) && error.hint?.includes('paths.run'), error.message);
  }
  assert.equal(modeOf(elsewhere), 0o755);
  assert.ok(!fs.existsSync(join(folder, 'nowhere')));
});
