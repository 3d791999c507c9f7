import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWords } from '../../src/demo/words.js';

const REPORT = {
  site: 'http://x.onion',
  onion: 'x.onion',
  ssb: 'onion:x.onion:8008~shs:k',
  socks: '127.0.0.1:9999',
  state: '/tmp/demo',
  config: '/tmp/demo/snug.toml',
  control: '/tmp/demo/run/control.sock',
};

test('the demo says where the page is, and with --clearnet both places and how to trust the second', () => {
  const plain = inWords(REPORT).join('\n');
  assert.match(plain, /http:\/\/x\.onion\/invite\//);
  assert.doesNotMatch(plain, /https:|undefined/);
  const clearnet = 'https://snug.localhost:20000';
  const both = inWords({ ...REPORT, clearnet, authority: '/tmp/demo/root.crt' }).join('\n');
  assert.match(both, /http:\/\/x\.onion\/invite\//);
  assert.match(both, /https:\/\/snug\.localhost:20000\/invite\//);
  assert.match(
    both,
    /curl --cacert \/tmp\/demo\/root\.crt https:\/\/snug\.localhost:20000\/invite\//,
  );
  assert.match(both, /shows everybody where the board is/);
});
