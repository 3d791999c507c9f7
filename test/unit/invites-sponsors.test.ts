import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FeedId } from '../../src/support/feed-id.js';
import { MemoryGraph } from '../support/invites-graph.js';
import { deskOptions, openDesk, someFeed, tally, temporaryFolder } from '../support/invites-kit.js';

async function setUp(t: TestContext) {
  const graph = new MemoryGraph();
  const { desk, reopen } = await openDesk(t, deskOptions(await temporaryFolder(t), { graph }));
  const newMember = async (): Promise<FeedId> => {
    const member = someFeed();
    await graph.follow(member);
    return member;
  };
  return { graph, desk, reopen, member: await newMember(), newMember };
}

test('own id and a feed followed already cost nothing, again and again', async (t) => {
  const { desk, graph, member, newMember } = await setUp(t);
  const other = await newMember();
  for (let i = 0; i < 10; i += 1) {
    assert.deepEqual(await desk.sponsor(member, member), { already: true });
    assert.deepEqual(await desk.sponsor(member, other), { already: true });
  }
  assert.equal(graph.follows(), 2);
  assert.deepEqual(await desk.sponsor(member, someFeed()), { already: false });
});

test('20 feeds asked for at once: five are followed, the rest refused', async (t) => {
  const { desk, graph, member } = await setUp(t);
  const asked = Array.from({ length: 20 }, () => desk.sponsor(member, someFeed()));
  assert.deepEqual(Object.fromEntries(await tally(asked)), { ok: 5, SPONSOR_LIMIT: 15 });
  assert.equal(graph.follows(), 6);
});

test('one feed asked for 20 times at once is followed once and counted once', async (t) => {
  const { desk, graph, member } = await setUp(t);
  const feed = someFeed();
  const asked = await Promise.all(Array.from({ length: 20 }, () => desk.sponsor(member, feed)));
  assert.equal(asked.filter(({ already }) => !already).length, 1);
  assert.equal(graph.follows(feed), 1);
  const more = Array.from({ length: 6 }, () => desk.sponsor(member, someFeed()));
  assert.deepEqual(Object.fromEntries(await tally(more)), { ok: 4, SPONSOR_LIMIT: 2 });
});

test('the count survives a restart, and each member has their own', async (t) => {
  const { desk, reopen, member, newMember } = await setUp(t);
  for (let i = 0; i < 5; i += 1) await desk.sponsor(member, someFeed());
  const again = await reopen();
  await assert.rejects(again.sponsor(member, someFeed()), { code: 'SPONSOR_LIMIT' });
  assert.deepEqual(await again.sponsor(await newMember(), someFeed()), { already: false });
});

test('guests and their guests share one allowance', async (t) => {
  const { desk, member } = await setUp(t);
  const guest = someFeed();
  const guestOfGuest = someFeed();
  await desk.sponsor(member, guest);
  await desk.sponsor(guest, guestOfGuest);
  await desk.sponsor(guestOfGuest, someFeed());
  await desk.sponsor(guest, someFeed());
  await desk.sponsor(member, someFeed());
  for (const asking of [member, guest, guestOfGuest]) {
    await assert.rejects(desk.sponsor(asking, someFeed()), { code: 'SPONSOR_LIMIT' });
  }
});

test('a bad id, a banned feed, a banned member and a stranger are refused and cost nothing', async (t) => {
  const { desk, graph, member, newMember } = await setUp(t);
  const [banned, blocked, exMember] = [someFeed(), someFeed(), await newMember()];
  await desk.ban(banned);
  await desk.ban(exMember);
  await graph.block(blocked);
  const before = graph.follows();
  for (let i = 0; i < 6; i += 1) {
    await assert.rejects(desk.sponsor(member, '@nonsense'), { code: 'BAD_FEED_ID' });
    await assert.rejects(desk.sponsor(member, banned), { code: 'FEED_BANNED' });
    await assert.rejects(desk.sponsor(member, blocked), { code: 'FEED_BANNED' });
  }
  await assert.rejects(desk.sponsor(exMember, someFeed()), { code: 'FEED_BANNED' });
  await assert.rejects(desk.sponsor(someFeed(), someFeed()), { code: 'NOT_A_MEMBER' });
  assert.equal(graph.follows(), before);
  for (let i = 0; i < 5; i += 1) await desk.sponsor(member, someFeed());
});

test('a ban spoken while a follow is asked for wins', async (t) => {
  const { desk, graph, member } = await setUp(t);
  const feed = someFeed();
  const held = graph.hold('isFollowing');
  const asking = desk.sponsor(member, feed);
  await held.reached;
  const banning = desk.ban(feed);
  held.release();
  await assert.rejects(asking, { code: 'FEED_BANNED' });
  await banning;
  assert.equal(graph.follows(feed), 0);
});

test('a follow that failed costs once, asked again or completed at the next start', async (t) => {
  const { desk, graph, reopen, member } = await setUp(t);
  const [again, later] = [someFeed(), someFeed()];
  graph.failure = new Error('no space left on device');
  for (const feed of [again, again, again, later]) {
    await assert.rejects(desk.sponsor(member, feed), { code: 'FOLLOW_FAILED' });
  }
  graph.failure = undefined;
  assert.deepEqual(await desk.sponsor(member, again), { already: false });
  const next = await reopen();
  await next.reconcile();
  assert.equal(graph.follows(later), 1);
  assert.equal(graph.follows(again), 1);
  const more = Array.from({ length: 5 }, () => next.sponsor(member, someFeed()));
  assert.deepEqual(Object.fromEntries(await tally(more)), { ok: 3, SPONSOR_LIMIT: 2 });
});
