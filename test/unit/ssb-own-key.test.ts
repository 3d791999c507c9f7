import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { requireNativeCrypto } from '../../src/ssb/native-crypto.js';
import { loadOwnKey } from '../../src/ssb/own-key.js';

describe("the relay's own key", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-key-'));
    file = join(folder, 'secret');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, 0600, and is the same ever after', () => {
    const keys = loadOwnKey(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(loadOwnKey(file), keys);
  });

  it('is made private again when somebody has loosened it', () => {
    loadOwnKey(file);
    chmodSync(file, 0o644);
    loadOwnKey(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('is never replaced when it is damaged, at whatever byte it was cut', () => {
    loadOwnKey(file);
    const whole = readFileSync(file, 'utf8');
    const json = whole.indexOf('{');
    for (const length of [0, 10, json, json + 1, json + 80, whole.lastIndexOf('}')]) {
      writeFileSync(file, whole.slice(0, length));
      assert.throws(() => loadOwnKey(file), { code: 'SSB_KEY_DAMAGED' }, `cut at ${length}`);
      assert.equal(readFileSync(file, 'utf8'), whole.slice(0, length));
    }
    writeFileSync(file, whole.replace('"@', '"@x'));
    assert.throws(() => loadOwnKey(file), { code: 'SSB_KEY_DAMAGED' });
  });
});

describe('native crypto', () => {
  it('is there on this machine', () => requireNativeCrypto());

  it('is not done without: the relay does not start on the JavaScript fallback', () => {
    const broken = () => {
      throw new Error('no prebuilt binary');
    };
    assert.throws(() => requireNativeCrypto(broken), { code: 'NO_NATIVE_CRYPTO' });
  });

  it('is not done without when the environment asks for JavaScript', () => {
    process.env.CHLORIDE_JS = '1';
    try {
      assert.throws(() => requireNativeCrypto(), { code: 'NO_NATIVE_CRYPTO' });
    } finally {
      delete process.env.CHLORIDE_JS;
    }
  });
});
