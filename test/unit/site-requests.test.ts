import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ask } from '../support/site-client.js';
import { CODE, type House, openHouse } from '../support/site-house.js';
import { ANSWER_PATH, FORM, odd } from '../support/site-pages.js';

let house: House;

beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

test('HEAD answers like GET without a body; other methods are told which ones there are', async () => {
  const head = await ask(house.socket, 7, { method: 'HEAD', path: '/invite/' });
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.ok(Number(head.headers['content-length']) > 1000);
  for (const [path, allow] of [
    ['/', 'GET, HEAD'],
    ['/invite', 'GET, HEAD'],
    ['/invite/', 'GET, HEAD'],
    [ANSWER_PATH, 'GET, HEAD, POST'],
    ['/robots.txt', 'GET, HEAD'],
  ] as const) {
    for (const method of ['PUT', 'OPTIONS', 'DELETE', 'TRACE']) {
      const page = await ask(house.socket, 7, { method, path });
      assert.deepEqual([page.status, page.headers.allow], [405, allow], `${method} ${path}`);
    }
  }
});

test('unknown addresses are 404, robots are sent away, and there is no icon', async () => {
  const visitor = house.visitor();
  for (const path of [
    '/Invite',
    '/invite/x',
    `${ANSWER_PATH}/`,
    '/index.html',
    '/%ff',
    '//',
    '/..',
  ]) {
    assert.equal((await visitor.get(path)).status, 404, path);
  }
  const robots = await visitor.get('/robots.txt');
  assert.equal(robots.body, 'User-agent: *\nDisallow: /\n');
  assert.equal((await visitor.get('/favicon.ico')).status, 204);
});

test('spoofed Host and X-Forwarded headers change nothing', async () => {
  const headers = {
    Host: 'evil.example',
    'X-Forwarded-For': '1.2.3.4',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
  };
  const plain = await ask(house.socket, 8, { path: '/invite/' });
  const spoofed = await ask(house.socket, 8, { path: '/invite/', headers });
  assert.equal(spoofed.body, plain.body);
  const flags = (page: typeof plain) => page.headers['set-cookie']?.[0]?.replace(/^[^;]*/, '');
  assert.equal(flags(spoofed), flags(plain));
  assert.doesNotMatch(spoofed.rawHeaders.join('\n'), /evil/);
});

test('bodies that our form does not send are refused and ask nothing of the desk', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  const refused: [string, string, number][] = [
    [FORM, 'captcha=a&captcha=b', 400],
    [FORM, 'captcha[x]=a', 400],
    [FORM, '', 400],
    [`${FORM}; charset=utf-16`, 'captcha=a', 415],
    ['text/plain', 'captcha=kn7xwp', 415],
    ['multipart/form-data; boundary=x', '--x--', 415],
    [FORM, `captcha=${'a'.repeat(5000)}`, 413],
    [FORM, 'a&b&c&d&e&f&g&h&i&j=1', 413],
  ];
  for (const [type, body, status] of refused) {
    assert.equal(
      (await visitor.ask(odd(type, body))).status,
      status,
      `${type} ${body.slice(0, 30)}`,
    );
  }
  const packed = odd(FORM, gzipSync('captcha=kn7xwp'));
  const headers = { ...packed.headers, 'Content-Encoding': 'gzip' };
  assert.equal((await visitor.ask({ ...packed, headers })).status, 415);
  assert.equal(house.desk.solveCalls, 0);
  assert.equal((await visitor.answer('kn7xwp')).title, CODE);
});
