import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DeskOptions } from '../../src/invites/desk.js';
import { MemoryGraph } from '../support/invites-graph.js';
import {
  Clock,
  DAY,
  deskOptions,
  keyOf,
  MINUTE,
  openDesk,
  someFeed,
  tally,
  temporaryFolder,
} from '../support/invites-kit.js';

async function setUp(t: TestContext, more: Partial<DeskOptions> = {}) {
  const graph = new MemoryGraph();
  const clock = new Clock();
  const folder = await temporaryFolder(t);
  const options = deskOptions(folder, { graph, now: clock.now, ...more });
  const { desk, reopen } = await openDesk(t, options);
  const newKey = async () => keyOf((await desk.create()).code);
  return { graph, clock, desk, reopen, newKey };
}

test('a code is redeemed once, and its note stays private', async (t) => {
  const { desk, graph } = await setUp(t);
  const { id, code } = await desk.create({ note: 'for Ada' });
  const ada = someFeed();
  assert.deepEqual(await desk.redeem(keyOf(code), ada), { already: false });
  assert.deepEqual(graph.said, [{ step: 'follow', feed: ada }]);
  await assert.rejects(desk.redeem(keyOf(code), someFeed()), { code: 'CODE_USED' });
  const [invite] = await desk.list();
  assert.equal(invite?.id, id);
  assert.equal(invite?.state, 'redeemed');
  assert.equal(invite?.feed, ada);
});

test('50 feeds redeem one code at once: exactly one is followed', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const key = await newKey();
  const counts = await tally(Array.from({ length: 50 }, () => desk.redeem(key, someFeed())));
  assert.deepEqual(Object.fromEntries(counts), { ok: 1, CODE_USED: 49 });
  assert.equal(graph.follows(), 1);
});

test('one feed redeems one code 50 times at once: one follow, the rest hear "already following"', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const key = await newKey();
  const feed = someFeed();
  const counts = await tally(Array.from({ length: 50 }, () => desk.redeem(key, feed)));
  assert.deepEqual(Object.fromEntries(counts), { ok: 1, ALREADY_FOLLOWING: 49 });
  assert.equal(graph.follows(), 1);
});

test('one feed redeems two codes at once: one follow, and the second code stays open', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const keys = [await newKey(), await newKey()];
  const feed = someFeed();
  const counts = await tally(keys.map((key) => desk.redeem(key, feed)));
  assert.deepEqual(Object.fromEntries(counts), { ok: 1, ALREADY_FOLLOWING: 1 });
  assert.equal(graph.follows(), 1);
  const states = (await desk.list()).map(({ state }) => state);
  assert.deepEqual(states.sort(), ['open', 'redeemed']);
});

test('a feed that is followed already hears exactly what stock clients take for success', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const feed = someFeed();
  await graph.follow(feed);
  const key = await newKey();
  await assert.rejects(desk.redeem(key, feed), { message: 'already following' });
  await desk.redeem(key, someFeed());
});

test('a refused redemption leaves the code open', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const key = await newKey();
  const banned = someFeed();
  const blocked = someFeed();
  await desk.ban(banned);
  await graph.block(blocked);
  for (const bad of [undefined, 7, '', '@short.ed25519', `${someFeed()} `, [someFeed()], key]) {
    await assert.rejects(desk.redeem(key, bad), { code: 'BAD_FEED_ID' });
  }
  await assert.rejects(desk.redeem(key, banned), { code: 'FEED_BANNED' });
  await assert.rejects(desk.redeem(key, blocked), { code: 'FEED_BANNED' });
  assert.equal(graph.follows(), 0);
  assert.deepEqual(await desk.redeem(key, someFeed()), { already: false });
});

test('an unknown, a revoked and an expired code are refused, each in its own words', async (t) => {
  const { desk, clock, graph, newKey } = await setUp(t);
  const { id, code } = await desk.create();
  await desk.revoke(id);
  const late = await newKey();
  clock.ms += 7 * DAY;
  await assert.rejects(desk.redeem(someFeed(), someFeed()), { code: 'UNKNOWN_CODE' });
  await assert.rejects(desk.redeem(keyOf(code), someFeed()), { code: 'CODE_REVOKED' });
  await assert.rejects(desk.redeem(late, someFeed()), { code: 'CODE_EXPIRED' });
  assert.equal(graph.follows(), 0);
});

test('a code from the future, after the clock fell back, can be redeemed', async (t) => {
  const { desk, clock, newKey } = await setUp(t);
  const key = await newKey();
  clock.ms = 0;
  assert.equal(await desk.mayRedeem(key), true);
  assert.deepEqual(await desk.redeem(key, someFeed()), { already: false });
});

test('only a known code that is open may knock', async (t) => {
  const { desk, clock, newKey } = await setUp(t);
  const used = await newKey();
  await desk.redeem(used, someFeed());
  clock.ms += 10 * MINUTE;
  const revoked = await desk.create();
  await desk.revoke(revoked.id);
  const open = await newKey();
  const knock = () =>
    Promise.all([open, used, keyOf(revoked.code), someFeed()].map((key) => desk.mayRedeem(key)));
  assert.deepEqual(await knock(), [true, false, false, false]);
  clock.ms += 7 * DAY;
  assert.deepEqual(await knock(), [false, false, false, false]);
});

test('a code that was redeemed may knock for ten minutes more, and gives nothing to anybody', async (t) => {
  const { desk, clock, graph, reopen, newKey } = await setUp(t);
  const key = await newKey();
  const feed = someFeed();
  await desk.redeem(key, feed);
  clock.ms += 10 * MINUTE - 1;
  const again = await reopen();
  assert.equal(await again.mayRedeem(key), true);
  const others = Array.from({ length: 20 }, () => again.redeem(key, someFeed()));
  const counts = await tally([...others, again.redeem(key, feed), again.redeem(key, feed)]);
  assert.deepEqual(Object.fromEntries(counts), { CODE_USED: 20, ALREADY_FOLLOWING: 2 });
  assert.equal(graph.follows(), 1);
  clock.ms += 1;
  assert.equal(await again.mayRedeem(key), false);
  clock.ms = 0;
  assert.equal(await again.mayRedeem(key), false);
});

test('a feed that was banned right after it redeemed a code hears so when it asks again', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const key = await newKey();
  const feed = someFeed();
  await desk.redeem(key, feed);
  await desk.ban(feed);
  assert.equal(await desk.mayRedeem(key), true);
  await assert.rejects(desk.redeem(key, feed), { code: 'FEED_BANNED' });
  assert.equal(await graph.isBlocking(feed), true);
});

test('when the follow cannot be published, the code is kept for that feed alone, also past its expiry', async (t) => {
  const { desk, graph, clock, newKey } = await setUp(t);
  const key = await newKey();
  const feed = someFeed();
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.redeem(key, feed), { code: 'FOLLOW_FAILED' });
  graph.failure = undefined;
  clock.ms += 30 * DAY;
  await assert.rejects(desk.redeem(key, someFeed()), { code: 'CODE_USED' });
  assert.equal(await desk.mayRedeem(key), true);
  assert.deepEqual(await desk.redeem(key, feed), { already: false });
  assert.equal(graph.follows(), 1);
});

test('a claim that was left behind is completed at the next start', async (t) => {
  const { desk, graph, reopen, newKey } = await setUp(t);
  const key = await newKey();
  const feed = someFeed();
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.redeem(key, feed));
  const failing = await reopen();
  await assert.rejects(failing.reconcile(), { code: 'RECONCILE_INCOMPLETE' });
  graph.failure = undefined;
  const second = await reopen();
  await second.reconcile();
  await second.reconcile();
  assert.equal(graph.follows(feed), 1);
  await assert.rejects(second.redeem(key, someFeed()), { code: 'CODE_USED' });
  await assert.rejects(second.redeem(key, feed), { code: 'ALREADY_FOLLOWING' });
  assert.equal(graph.follows(), 1);
});

test('a member whose follow is missing in a restored log is followed again, a banned one is not', async (t) => {
  const { desk, newKey, reopen } = await setUp(t);
  const [member, banned] = [someFeed(), someFeed()];
  await desk.redeem(await newKey(), member);
  await desk.redeem(await newKey(), banned);
  await desk.ban(banned);
  const emptied = new MemoryGraph();
  await (await reopen({ graph: emptied })).reconcile();
  assert.equal(emptied.follows(member), 1);
  assert.equal(emptied.follows(banned), 0);
  assert.equal(await emptied.isBlocking(banned), true);
});

test('while the log is slow, visitors still get their codes', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const held = graph.hold('follow');
  const redeeming = desk.redeem(await newKey(), someFeed());
  await held.reached;
  assert.equal((await desk.solve(desk.pose('abcd'), 'abcd')).outcome, 'code');
  held.release();
  await redeeming;
});

test('more callers than may wait are told that the desk is busy', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const key = await newKey();
  const held = graph.hold('isBlocking');
  const calls = Array.from({ length: 1100 }, () => desk.redeem(key, someFeed()));
  const counting = tally(calls);
  await held.reached;
  held.release();
  assert.deepEqual(Object.fromEntries(await counting), { ok: 1, CODE_USED: 999, DESK_BUSY: 100 });
});
