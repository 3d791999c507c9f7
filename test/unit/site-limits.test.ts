import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { type SiteTimeouts, TOR_TIMEOUTS } from '../../src/site/options.js';
import { ask, connectAs, proxyLine } from '../support/site-client.js';
import { type House, openHouse } from '../support/site-house.js';

const QUICK: SiteTimeouts = {
  headers: 150,
  request: 300,
  keepAlive: 100,
  silence: 600,
  checkEvery: 20,
};

const few = (requestsPerMinute: number) => ({
  limits: { requestsPerMinute, sessions: 100, connections: 100 },
});

async function withHouse(
  changes: Parameters<typeof openHouse>[0],
  body: (house: House) => Promise<void>,
): Promise<void> {
  const house = await openHouse(changes);
  try {
    await body(house);
  } finally {
    await house.close();
  }
}

/** @returns all that came until the site hung up */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  // A reset is one way to be hung up on.
  socket.on('error', () => undefined);
  await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  return text;
}

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('each circuit has a budget of its own', () =>
  withHouse(few(3), async (house) => {
    const statuses = async (circuit: number) => {
      const seen = [];
      for (let n = 0; n < 4; n += 1)
        seen.push((await ask(house.socket, circuit, { path: '/' })).status);
      return seen;
    };
    assert.deepEqual(await statuses(0x2c), [200, 200, 200, 429]);
    assert.deepEqual(await statuses(0x10002c), [200, 200, 200, 429]);
  }));

test('a circuit may go on when its minute has passed', () =>
  withHouse(few(2), async (house) => {
    const visit = async () => (await ask(house.socket, 5, { path: '/' })).status;
    assert.deepEqual([await visit(), await visit(), await visit()], [200, 200, 429]);
    const wait = Number((await ask(house.socket, 5, { path: '/' })).headers['retry-after']);
    assert.equal(wait, 90);
    house.clock += wait * 1000;
    assert.equal(await visit(), 200);
  }));

test('a connection that goes on far beyond its budget is closed, and its circuit', () =>
  withHouse(few(4), async (house) => {
    const statuses = [];
    for (let n = 0; n < 8; n += 1) {
      statuses.push((await ask(house.socket, 9, { path: '/' })).status);
    }
    assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429, 429, 429]);
    const socket = connectAs(house.socket, 9);
    for (let n = 0; n < 40; n += 1) socket.write(request('/'));
    assert.equal(await untilClosed(socket), '');
    await assert.rejects(ask(house.socket, 9, { path: '/' }));
    assert.deepEqual([...house.cut], [9]);
    assert.equal((await ask(house.socket, 10, { path: '/' })).status, 200);
  }));

test('one connection serves at most a hundred requests', () =>
  withHouse({}, async (house) => {
    const socket = connectAs(house.socket, 9);
    socket.write(request('/robots.txt'));
    socket.on('data', () => socket.write(request('/robots.txt')));
    const text = await untilClosed(socket);
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 100);
    assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 100);
    assert.match(text.slice(text.lastIndexOf('HTTP/1.1')), /^Connection: close\r$/m);
  }));

test('connections beyond the limit are closed unheard, and the others live on', () =>
  withHouse({ limits: { requestsPerMinute: 9, sessions: 9, connections: 2 } }, async (house) => {
    const held = [connectAs(house.socket, 1), connectAs(house.socket, 2)];
    for (const socket of held) {
      socket.write(request('/robots.txt'));
      await once(socket, 'data');
    }
    await assert.rejects(ask(house.socket, 3, { path: '/' }));
    held[0]?.destroy();
    held[1]?.write(request('/'));
    for await (const chunk of held[1] ?? []) {
      assert.match(String(chunk), /^HTTP\/1\.1 200/);
      break;
    }
  }));

test('a client that dribbles its head is cut, with a plain answer', () =>
  withHouse({ timeouts: QUICK }, async (house) => {
    const socket = connectAs(house.socket, 1);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    const dribble = setInterval(() => socket.write('X-A: b\r\n'), 20);
    const text = await untilClosed(socket);
    clearInterval(dribble);
    assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close/);
  }));

test('a client that dribbles its body is cut and gets no code', () =>
  withHouse({ timeouts: QUICK }, async (house) => {
    const visitor = house.visitor();
    await visitor.get('/invite/');
    const socket = connectAs(house.socket, 1);
    socket.write(
      `POST /invite/invite-captcha-reponse HTTP/1.1\r\nHost: x\r\nCookie: ${visitor.cookie}\r\n` +
        'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\ncaptcha=',
    );
    const dribble = setInterval(() => socket.write('a'), 20);
    await untilClosed(socket);
    clearInterval(dribble);
    assert.equal(house.desk.solveCalls, 0);
    assert.equal((await visitor.answer(house.desk.lastAnswer)).status, 200);
  }));

test('a silent connection is cut, before its first request and after it', () =>
  withHouse({ timeouts: QUICK }, async (house) => {
    await untilClosed(connectAs(house.socket, 1));
    const used = connectAs(house.socket, 2);
    used.write(request('/robots.txt'));
    assert.match(await untilClosed(used), /^HTTP\/1\.1 200/);
  }));

test('the timeouts for real visitors leave room for Tor', () => {
  assert.ok(TOR_TIMEOUTS.headers >= 30_000 && TOR_TIMEOUTS.request >= 60_000);
});

test('an oversized head is refused', () =>
  withHouse({}, async (house) => {
    const socket = connectAs(house.socket, 1);
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(9000)}\r\n\r\n`);
    assert.match(await untilClosed(socket), /^HTTP\/1\.1 431 /);
  }));

test('what is no HTTP gets a plain 400, and the site lives on', () =>
  withHouse({}, async (house) => {
    const nonsense = [
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]),
      'hello there\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
    ];
    for (const bytes of nonsense) {
      const socket = connectAs(house.socket, 1);
      socket.write(bytes);
      const text = await untilClosed(socket);
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\nConnection: close/, String(bytes));
      assert.doesNotMatch(text, /^Date:/im);
    }
    assert.equal((await ask(house.socket, 1, { path: '/' })).status, 200);
  }));

test('CONNECT, upgrades and unmet expectations do no harm', () =>
  withHouse({}, async (house) => {
    for (const head of [
      'CONNECT evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: tea\r\n\r\n',
    ]) {
      const socket = connectAs(house.socket, 1);
      socket.write(head);
      assert.doesNotMatch(await untilClosed(socket), /^(Date|Server|X-Powered-By):/im);
    }
    assert.equal((await ask(house.socket, 1, { path: '/' })).status, 200);
  }));

test('without a sound PROXY line there is no answer at all', () =>
  withHouse({}, async (house) => {
    for (const line of [
      '',
      'PROXY TCP4 1.2.3.4 5.6.7.8 1 80\r\n',
      'PROXY UNKNOWN\r\n',
      'x'.repeat(200),
    ]) {
      const socket = connect(house.socket);
      socket.write(`${line}${request('/')}${request('/')}${'x'.repeat(200)}\r\n`);
      assert.equal(await untilClosed(socket), '', line);
    }
  }));

test('PROXY line and request may come in one piece or in many', () =>
  withHouse({}, async (house) => {
    const text = `${proxyLine(77)}GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const whole = connect(house.socket);
    whole.write(text);
    assert.match(await untilClosed(whole), /^HTTP\/1\.1 200 OK/);
    const pieces = connect(house.socket);
    const answer = untilClosed(pieces);
    for (const sign of text) await new Promise<void>((sent) => pieces.write(sign, () => sent()));
    assert.match(await answer, /^HTTP\/1\.1 200 OK/);
  }));
