import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { after, before, describe, it, test } from 'node:test';
import { AddressLimits, addressKey } from '../../src/site/addresses.js';
import { ask } from '../support/site-client.js';
import { type House, openHouse } from '../support/site-house.js';

const ONION_PAGE = 'http://example.onion/invite/';
const FRONT = { domain: 'pub.example.org', onionPage: () => ONION_PAGE, socketMode: 0o600 };

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Asks the clearnet socket as the proxy would, with other headers where a test says so. */
function viaProxy(
  socketPath: string,
  headers: Record<string, string | string[]> = {},
  path = '/invite/',
  body?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        socketPath,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          Host: 'pub.example.org',
          'X-Forwarded-For': '192.0.2.7',
          'X-Forwarded-Proto': 'https',
          Connection: 'close',
          ...headers,
        },
      },
      (answer) => {
        answer
          .resume()
          .on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }));
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

describe('the clearnet socket', () => {
  let house: House;
  before(async () => {
    house = await openHouse({
      clearnet: FRONT,
      limits: { requestsPerMinute: 40, sessions: 100, connections: 100 },
    });
  });
  after(() => house.close());

  it('says HTTPS from now on, and where the onion is', async () => {
    const { status, headers } = await viaProxy(house.socket);
    assert.equal(status, 200);
    assert.match(String(headers['strict-transport-security']), /^max-age=\d{8}$/);
    assert.equal(headers['onion-location'], ONION_PAGE);
  });

  it('sets a cookie that only HTTPS and only this host can have, and knows it again', async () => {
    const { headers } = await viaProxy(house.socket);
    const [cookie = ''] = headers['set-cookie'] ?? [];
    assert.match(cookie, /^__Host-snug=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    const answer = await viaProxy(
      house.socket,
      {
        Cookie: cookie.split(';')[0] ?? '',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      '/invite/invite-captcha-reponse',
      `captcha=${house.desk.lastAnswer}`,
    );
    assert.equal(answer.status, 200);
    assert.equal(house.desk.minted, 1);
  });

  it('takes the domain in any case and with a port', async () => {
    for (const Host of ['PUB.example.org', 'pub.example.org:443', 'pub.example.org:8443']) {
      assert.equal((await viaProxy(house.socket, { Host })).status, 200, Host);
    }
  });

  for (const [what, headers] of [
    ['another host', { Host: 'evil.example' }],
    ['the onion host', { Host: 'example.onion' }],
    ['a host that ends like ours', { Host: 'xpub.example.org' }],
    ['a host that begins like ours', { Host: 'pub.example.org.evil.example' }],
    ['our host with more', { Host: 'pub.example.org:443@evil.example' }],
    ['plain HTTP', { 'X-Forwarded-Proto': 'http' }],
    ['HTTP and HTTPS', { 'X-Forwarded-Proto': 'https, http' }],
  ] as const) {
    it(`${what} is told that it came to the wrong place, and gets nothing`, async () => {
      const { minted } = house.desk;
      const { status, headers: got } = await viaProxy(house.socket, headers);
      assert.equal(status, 421);
      assert.equal(got['set-cookie'], undefined);
      assert.equal(got['onion-location'], undefined);
      assert.equal(house.desk.minted, minted);
    });
  }

  it('a URL with another host in place of a path is told the same', async () => {
    assert.equal((await viaProxy(house.socket, {}, 'http://evil.example/invite/')).status, 421);
  });

  for (const [what, value] of [
    ['no address', ''],
    ['a name', 'localhost'],
    ['a list', '192.0.2.1, 192.0.2.2'],
    ['two headers', ['192.0.2.1', '192.0.2.2']],
  ] as const) {
    it(`${what} where the proxy puts one address is hung up on`, async () => {
      const forwarded = typeof value === 'string' ? value : [...value];
      await assert.rejects(
        viaProxy(house.socket, { 'X-Forwarded-For': forwarded }),
        /hang up|RESET/,
      );
    });
  }

  it('each address has a budget of its own, and no address reaches a log', async () => {
    const from = (address: string) => viaProxy(house.socket, { 'X-Forwarded-For': address }, '/');
    const statuses: number[] = [];
    for (let n = 0; n < 41; n += 1) statuses.push((await from('198.51.100.9')).status);
    assert.deepEqual([statuses.filter((status) => status === 200).length, statuses[40]], [40, 429]);
    assert.equal((await from('198.51.100.8')).status, 200);
    assert.doesNotMatch(house.lines.join('\n'), /198\.51\.100/);
  });
});

test('what a visitor behind the onion says of addresses, hosts and HTTPS counts for nothing', async (t) => {
  const house = await openHouse({
    limits: { requestsPerMinute: 3, sessions: 100, connections: 100 },
  });
  t.after(() => house.close());
  const statuses: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    const headers = {
      Host: 'pub.example.org',
      'X-Forwarded-For': `192.0.2.${n}`,
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'pub.example.org',
      'X-Real-IP': `192.0.2.${n}`,
      Forwarded: `for=192.0.2.${n};proto=https`,
    };
    const answer = await ask(house.socket, 7, { path: '/invite/', headers });
    statuses.push(answer.status);
    assert.equal(answer.headers['strict-transport-security'], undefined);
    assert.equal(answer.headers['onion-location'], undefined);
    const [cookie] = answer.headers['set-cookie'] ?? [];
    if (n < 3) assert.match(cookie ?? '', /^snug=[^;]+; Path=\/invite; HttpOnly; SameSite=Strict$/);
  }
  assert.deepEqual(statuses, [200, 200, 200, 429]);
});

describe('limits by address', () => {
  for (const [what, address, key] of [
    ['an IPv4 address', '192.0.2.1', '192.0.2.1'],
    ['the same as IPv6', '::ffff:192.0.2.1', '192.0.2.1'],
    ['an IPv6 address', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['its neighbour in the same household', '2001:DB8:1:2::1', '2001:db8:1:2'],
    ['a short one', '2001:db8::1', '2001:db8:0:0'],
    ['one with zeros in front', '2001:0db8:0001:0002::', '2001:db8:1:2'],
    ['the loopback', '::1', '0:0:0:0'],
    ['nonsense', '192.0.2', undefined],
  ] as const) {
    it(`${what} is limited as ${key}`, () => assert.equal(addressKey(address), key));
  }

  it('a flood from many addresses meets the bound of all together, and time lifts it', () => {
    let now = 0;
    const limits = new AddressLimits(10, () => now);
    const judge = (n: number) => {
      const forwarded = [`192.0.${n >> 8}.${n & 255}`];
      const req = { headersDistinct: { 'x-forwarded-for': forwarded } };
      return limits.judge(req as unknown as Parameters<typeof limits.judge>[0]).kind;
    };
    const kinds = Array.from({ length: 300 }, (_, n) => judge(n));
    assert.equal(kinds.filter((kind) => kind === 'serve').length, 100);
    assert.equal(kinds.at(-1), 'wait');
    now += 3 * 60_000;
    assert.equal(judge(1000), 'serve');
  });
});
