import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { cookiesOf } from '../support/site-client.js';
import { CODE, type House, openHouse } from '../support/site-house.js';
import { ANSWER_PATH } from '../support/site-pages.js';

const MINUTE = 60_000;
let house: House;

beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

test('a right answer gives the code, and its second address decodes to that code', async () => {
  const visitor = house.visitor();
  assert.equal((await visitor.get('/invite/')).status, 200);
  const page = await visitor.answer(house.desk.lastAnswer);
  assert.equal(page.title, CODE);
  const next = /content="2; url=([^"]+)"/.exec(page.body)?.[1] ?? '';
  assert.equal(next.split('?')[0], ANSWER_PATH);
  // As the author's client does it: what follows the first "=" is standard base64.
  const encoded = next.slice(next.indexOf('=') + 1);
  assert.match(encoded, /\+.*=$/);
  assert.equal(Buffer.from(encoded, 'base64').toString(), CODE);
  const again = await visitor.get(next);
  assert.equal(again.title, CODE);
  assert.equal(house.desk.minted, 1);
});

test('/invite and /invite/ show the same page, both without a redirect', async () => {
  const [bare, slashed] = [
    await house.visitor().get('/invite'),
    await house.visitor().get('/invite/'),
  ];
  assert.deepEqual([bare.status, slashed.status], [200, 200]);
  assert.equal(bare.body, slashed.body);
});

test('the welcome page sets no cookie; the riddle sets one that scripts and other sites cannot use', async () => {
  const visitor = house.visitor();
  assert.equal((await visitor.get('/')).headers['set-cookie'], undefined);
  const riddle = await visitor.get('/invite/');
  const [cookie, ...more] = riddle.headers['set-cookie'] ?? [];
  assert.deepEqual(more, []);
  const [pair, ...flags] = (cookie ?? '').split('; ');
  assert.match(pair ?? '', /^snug=s%3A[\w-]{32}\./);
  assert.deepEqual(flags.sort(), ['HttpOnly', 'Path=/invite', 'SameSite=Strict']);
});

test('case and stray spaces do not matter', async () => {
  for (const typed of ['KN7XWP', 'kn7xwp', '  Kn7 xWp ']) {
    const visitor = house.visitor();
    await visitor.get('/invite/');
    assert.equal((await visitor.answer(typed)).status, 200, typed);
  }
  assert.equal(house.desk.minted, 3);
});

test('a wrong answer consumes the riddle and comes with a fresh one that works', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  const wrong = await visitor.answer('nope');
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /<img /);
  assert.equal((await visitor.answer(house.desk.lastAnswer)).title, CODE);
});

test('a hundred wrong answers mint nothing', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  for (let attempt = 0; attempt < 100; attempt += 1) {
    assert.equal((await visitor.answer(`wrong${attempt}`)).status, 422);
  }
  assert.equal(house.desk.minted, 0);
  assert.equal(house.desk.solveCalls, 100);
});

test('a right answer is consumed once: sent again it leads to the same code and mints no other', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  await visitor.answer(house.desk.lastAnswer);
  const second = await visitor.answer(house.desk.lastAnswer);
  assert.equal(second.status, 410);
  assert.match(second.body, /content="0; url=\/invite\/invite-captcha-reponse"/);
  assert.equal((await visitor.get(ANSWER_PATH)).title, CODE);
  assert.deepEqual([house.desk.solveCalls, house.desk.minted], [1, 1]);
});

test('forms sent in parallel with one session mint one code, and each leads to it', {
  timeout: 20_000,
}, async () => {
  let goOn = () => {};
  let asked = 0;
  const busy = await openHouse({
    ready: () => {
      asked += 1;
      if (asked >= 11) goOn();
      return true;
    },
  });
  try {
    const visitor = busy.visitor();
    await visitor.get('/invite/');
    busy.desk.pause = new Promise((resolve) => {
      goOn = resolve;
    });
    const pages = await Promise.all(Array.from({ length: 10 }, () => visitor.answer('kn7xwp')));
    const [first, ...others] = pages.sort((a, b) => a.status - b.status);
    assert.deepEqual([first?.status, first?.title], [200, CODE]);
    for (const page of others) {
      assert.equal(page.status, 410);
      assert.match(page.body, /content="0; url=\/invite\/invite-captcha-reponse"/);
    }
    assert.deepEqual([busy.desk.solveCalls, busy.desk.minted], [1, 1]);
    assert.equal((await visitor.get(ANSWER_PATH)).title, CODE);
  } finally {
    await busy.close();
  }
});

test('without our cookie nothing is asked of the desk', async () => {
  const page = await house.visitor().answer('kn7xwp');
  assert.equal(page.status, 403);
  assert.match(page.body, /href="\/invite\/"/);
  assert.deepEqual(cookiesOf(page), []);
  assert.equal(house.desk.solveCalls, 0);
});

test('a session ends 15 minutes after its riddle, with a fresh riddle and no code', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  house.clock += 15 * MINUTE + 1;
  const late = await visitor.answer(house.desk.lastAnswer);
  assert.equal(late.status, 410);
  assert.match(late.body, /<img /);
  assert.deepEqual([house.desk.solveCalls, house.desk.minted], [0, 0]);
  assert.equal((await visitor.answer(house.desk.lastAnswer)).title, CODE);
});

test('a riddle that the desk has forgotten gives a fresh one and no code', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  house.desk.forgetAll();
  assert.equal((await visitor.answer(house.desk.lastAnswer)).status, 410);
  assert.equal(house.desk.minted, 0);
});

test('sessions are bounded: the oldest makes room', async () => {
  const small = await openHouse({
    limits: { requestsPerMinute: 100, sessions: 2, connections: 9 },
  });
  try {
    const [first, second, third] = [small.visitor(), small.visitor(), small.visitor()];
    for (const visitor of [first, second, third]) await visitor.get('/invite/');
    assert.equal((await first.answer('kn7xwp')).status, 410);
    assert.equal((await third.answer('kn7xwp')).status, 200);
  } finally {
    await small.close();
  }
});

test('over budget and not ready: calm pages, no code, and a riddle not wasted by the second', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  house.ready = false;
  assert.equal((await visitor.answer(house.desk.lastAnswer)).status, 503);
  assert.equal((await visitor.get('/')).status, 200);
  assert.equal(house.desk.solveCalls, 0);
  house.ready = true;
  house.desk.instead = { outcome: 'over-budget', retryAfterSeconds: 60 };
  assert.equal((await visitor.answer(house.desk.lastAnswer)).status, 429);
  assert.equal(house.desk.minted, 0);
});

test('a code is shown to its own session only, and never one that the query brings', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  await visitor.answer(house.desk.lastAnswer);
  const foreign = Buffer.from('evil.onion:1:@k.ed25519~s').toString('base64');
  const other = await visitor.get(`${ANSWER_PATH}?invite=${foreign}`);
  assert.equal(other.status, 403);
  assert.doesNotMatch(other.body, /evil|ZXZpbC5/);
  const own = `${ANSWER_PATH}?invite=${Buffer.from(CODE).toString('base64')}`;
  assert.equal((await house.visitor().get(own)).status, 403);
  assert.equal((await visitor.get(own)).status, 200);
});

test('a code survives a fresh riddle, and is gone after 15 minutes', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  await visitor.answer(house.desk.lastAnswer);
  assert.match((await visitor.get('/invite/')).body, /show it again/);
  assert.equal((await visitor.get(ANSWER_PATH)).title, CODE);
  house.clock += 15 * MINUTE + 1;
  assert.equal((await visitor.get(ANSWER_PATH)).status, 403);
});

test('a failure of the desk is a page with a reference that the log has too, and nothing more', async () => {
  house.desk.instead = new Error('disk full');
  const visitor = house.visitor();
  await visitor.get('/invite/');
  const page = await visitor.answer(house.desk.lastAnswer);
  assert.equal(page.status, 500);
  const reference = /<strong>([0-9a-f]{8})<\/strong>/.exec(page.body)?.[1] ?? 'none';
  assert.ok(house.lines.some((line) => line.includes(reference) && line.includes('disk full')));
  assert.doesNotMatch(page.body, /disk/);
});

test('the log has no word about visitors', async () => {
  const visitor = house.visitor();
  await visitor.get('/invite/');
  await visitor.answer('wrong');
  await visitor.answer(house.desk.lastAnswer);
  await visitor.get('/secret?x=y');
  assert.deepEqual(house.lines, ['info: snug: The site listens.']);
});
