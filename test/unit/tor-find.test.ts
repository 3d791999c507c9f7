import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SnugError } from '../../src/support/errors.js';
import { findTor } from '../../src/tor/find.js';
import { fakeTor, temporaryFolder } from '../support/tor-kit.js';

const { signal } = new AbortController();

/** @returns a check for the code, and for words that the person must read */
function says(code: string, words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SnugError);
    assert.equal(error.code, code);
    assert.match(`${error.message} ${error.hint}`, words);
    return true;
  };
}

test('a Tor below 0.4.9 is refused with the remedy, a newer one is taken', async (t) => {
  const folder = await temporaryFolder(t);
  for (const version of ['0.4.8.1', '0.4.8.99', '0.3.9.9']) {
    const old = await fakeTor(folder, 'old', version);
    await assert.rejects(findTor(old, signal), says('TOR_TOO_OLD', /apt install tor/));
  }
  for (const version of ['0.4.9.1', '0.4.10.2', '0.5.0.1', '1.0.0']) {
    const path = await fakeTor(folder, 'new', version);
    assert.deepEqual(await findTor(path, signal), { path, version });
  }
});

test('a missing program names the Debian package', async (t) => {
  const folder = await temporaryFolder(t);
  for (const binary of ['no-such-tor', join(folder, 'tor'), './tor']) {
    await assert.rejects(findTor(binary, signal, folder), says('TOR_NOT_FOUND', /package `tor`/));
  }
});

test('a program that is something else is refused', async () => {
  for (const binary of ['/bin/true', '/bin/false']) {
    await assert.rejects(findTor(binary, signal), says('TOR_UNUSABLE', /no usable Tor/));
  }
});

test('the search path comes before the usual folders', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'tor');
  await rename(await fakeTor(folder, 'x', '0.4.9.99'), path);
  assert.deepEqual(await findTor(undefined, signal, `relative:${folder}`), {
    path,
    version: '0.4.9.99',
  });
});
