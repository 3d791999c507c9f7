import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MAX_LIFETIME_MS, PRUNE_EVERY_MS, RETENTION_MS } from '../../src/invites/limits.js';
import { MemoryGraph } from '../support/invites-graph.js';
import {
  Clock,
  DAY,
  deskOptions,
  keyOf,
  openDesk,
  START,
  someFeed,
  temporaryFolder,
} from '../support/invites-kit.js';

async function setUp(t: TestContext) {
  const clock = new Clock();
  const graph = new MemoryGraph();
  const options = deskOptions(await temporaryFolder(t), { now: clock.now, graph });
  const { desk, reopen } = await openDesk(t, options);
  return { clock, desk, graph, reopen };
}

test('the list shows every state, the newest first, and no code', async (t) => {
  const { desk, clock } = await setUp(t);
  const member = someFeed();
  const redeemed = await desk.create({ note: ' for Ada ' });
  await desk.redeem(keyOf(redeemed.code), member);
  clock.ms += 1;
  const revoked = await desk.create();
  await desk.revoke(revoked.id);
  clock.ms += 1;
  const expired = await desk.create({ lifetimeMs: 10 });
  clock.ms += 10;
  const open = await desk.create();
  const list = await desk.list();
  assert.deepEqual(
    list.map(({ id, state }) => [id, state]),
    [
      [open.id, 'open'],
      [expired.id, 'expired'],
      [revoked.id, 'revoked'],
      [redeemed.id, 'redeemed'],
    ],
  );
  assert.deepEqual(list[3], {
    id: redeemed.id,
    note: 'for Ada',
    state: 'redeemed',
    createdAt: START,
    expiresAt: START + 7 * DAY,
    redeemedAt: START,
    feed: member,
  });
  for (const { code } of [redeemed, revoked, expired, open]) {
    assert.ok(!JSON.stringify(list).includes(keyOf(code)));
  }
});

test('a code is revoked by its name or the beginning of it', async (t) => {
  const { desk } = await setUp(t);
  const [one, two] = [await desk.create(), await desk.create()];
  assert.equal((await desk.revoke(one.id)).state, 'revoked');
  assert.equal((await desk.revoke(one.id)).state, 'revoked');
  assert.equal((await desk.revoke(two.id.slice(0, 8).toUpperCase())).id, two.id);
  assert.equal(await desk.mayRedeem(keyOf(two.code)), false);
});

test('a name that fits no code, many codes or a redeemed code changes nothing', async (t) => {
  const { desk } = await setUp(t);
  const { id, code } = await desk.create();
  await assert.rejects(desk.revoke(id.slice(0, 3)), { code: 'AMBIGUOUS_INVITE' });
  await assert.rejects(desk.revoke(''), { code: 'NO_SUCH_INVITE' });
  await assert.rejects(desk.revoke('not hexadecimal'), { code: 'NO_SUCH_INVITE' });
  await assert.rejects(desk.revoke(`${id}${'0'.repeat(52)}`), { code: 'NO_SUCH_INVITE' });
  await desk.redeem(keyOf(code), someFeed());
  await assert.rejects(desk.revoke(id), { code: 'INVITE_REDEEMED' });
});

test('four digits that begin the names of two codes are ambiguous', async (t) => {
  const { desk } = await setUp(t);
  // By the birthday bound, some two of 1,800 names share their first four digits.
  const made = await Promise.all(Array.from({ length: 900 }, () => desk.create()));
  const more = await Promise.all(Array.from({ length: 900 }, () => desk.create()));
  const seen = new Set<string>();
  const twin = [...made, ...more].find(({ id }) => {
    const head = id.slice(0, 4);
    return seen.size === seen.add(head).size;
  });
  await assert.rejects(desk.revoke(String(twin?.id.slice(0, 4))), { code: 'AMBIGUOUS_INVITE' });
});

test('a note is one short line of printable text', async (t) => {
  const { desk } = await setUp(t);
  for (const note of ['x'.repeat(201), 'two\nlines', '\u001b[31mred', 'right\u202eleft']) {
    await assert.rejects(desk.create({ note }), { code: 'BAD_NOTE' });
  }
  await desk.create({ note: 'x'.repeat(200) });
  await desk.create({ note: 'Grüße für Ägid 👩‍👧' });
  await desk.create({ note: '   ' });
  assert.equal((await desk.list()).length, 3);
});

test('a lifetime is positive, whole and bounded', async (t) => {
  const { desk, clock } = await setUp(t);
  for (const lifetimeMs of [0, -1, 1.5, Number.NaN, Infinity, MAX_LIFETIME_MS + 1]) {
    await assert.rejects(desk.create({ lifetimeMs }), { code: 'BAD_LIFETIME' });
  }
  assert.equal((await desk.create({ lifetimeMs: 5 })).expiresAt, clock.ms + 5);
  assert.equal((await desk.create()).expiresAt, clock.ms + 7 * DAY);
});

test('codes over and done with are forgotten after their time, at a start', async (t) => {
  const { desk, clock, reopen } = await setUp(t);
  await desk.redeem(keyOf((await desk.create()).code), someFeed());
  await desk.revoke((await desk.create()).id);
  await desk.create({ lifetimeMs: 1 });
  const { id } = await desk.create({ lifetimeMs: 200 * DAY });
  clock.ms += RETENTION_MS;
  assert.equal((await (await reopen()).list()).length, 4);
  clock.ms += 2;
  const left = await (await reopen()).list();
  assert.deepEqual(
    left.map((invite) => invite.id),
    [id],
  );
});

test('a running relay forgets old codes as it makes new ones', async (t) => {
  const { desk, clock } = await setUp(t);
  for (let i = 0; i < 20; i += 1) await desk.create();
  clock.ms += RETENTION_MS + 8 * DAY + PRUNE_EVERY_MS;
  const { id } = await desk.create();
  assert.deepEqual(
    (await desk.list()).map((invite) => invite.id),
    [id],
  );
});

test('a claim is never forgotten before it is completed', async (t) => {
  const { desk, clock, graph, reopen } = await setUp(t);
  const feed = someFeed();
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.redeem(keyOf((await desk.create()).code), feed));
  graph.failure = undefined;
  clock.ms += 10 * RETENTION_MS;
  await (await reopen()).reconcile();
  assert.equal(graph.follows(feed), 1);
});

test('a closed desk refuses in words, and closing twice is safe', async (t) => {
  const { desk } = await setUp(t);
  const { code } = await desk.create();
  await Promise.all([desk.close(), desk.close()]);
  await assert.rejects(desk.create(), { code: 'DESK_CLOSED' });
  await assert.rejects(desk.redeem(keyOf(code), someFeed()), { code: 'DESK_CLOSED' });
  await assert.rejects(desk.mayRedeem(keyOf(code)), { code: 'DESK_CLOSED' });
  const feed = someFeed();
  await assert.rejects(desk.ban(feed), { code: 'DESK_CLOSED' });
  assert.equal(desk.isBanned(feed), false);
});

test('closing waits for a redemption under way', async (t) => {
  const { desk, graph, reopen } = await setUp(t);
  const { code } = await desk.create();
  const held = graph.hold('follow');
  const redeeming = desk.redeem(keyOf(code), someFeed());
  await held.reached;
  const closing = desk.close();
  held.release();
  assert.deepEqual(await redeeming, { already: false });
  await closing;
  assert.equal((await (await reopen()).list())[0]?.state, 'redeemed');
});
