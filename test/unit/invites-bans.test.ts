import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MemoryGraph, type Step } from '../support/invites-graph.js';
import {
  deskOptions,
  keyOf,
  openDesk,
  START,
  someFeed,
  temporaryFolder,
} from '../support/invites-kit.js';
import { eventually } from '../support/wait.js';

async function setUp(t: TestContext) {
  const graph = new MemoryGraph();
  const { desk, reopen } = await openDesk(t, deskOptions(await temporaryFolder(t), { graph }));
  const steps = (): Step[] => graph.said.map((said) => said.step);
  const newKey = async () => keyOf((await desk.create()).code);
  return { graph, desk, reopen, steps, newKey };
}

test('a ban is a block, is listed, and is there after a restart', async (t) => {
  const { desk, graph, reopen } = await setUp(t);
  const feed = someFeed();
  await desk.ban(feed, 'spam');
  assert.equal(await graph.isBlocking(feed), true);
  const again = await reopen();
  assert.equal(again.isBanned(feed), true);
  assert.deepEqual(again.bans(), [{ feed, at: START, reason: 'spam' }]);
});

test('a ban spoken while the code is being claimed wins, and the code stays open', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const key = await newKey();
  const feed = someFeed();
  const first = graph.hold('isFollowing');
  const redeeming = desk.redeem(key, feed);
  await first.reached;
  // The next question comes after the claim is written, right before the follow.
  const second = graph.hold('isFollowing');
  first.release();
  await second.reached;
  const banning = desk.ban(feed);
  second.release();
  await assert.rejects(redeeming, { code: 'FEED_BANNED' });
  await banning;
  assert.equal(graph.follows(feed), 0);
  assert.equal(await graph.isBlocking(feed), true);
  assert.deepEqual(await desk.redeem(key, someFeed()), { already: false });
});

test('a ban spoken while the follow is being published has the last word', async (t) => {
  const { desk, graph, steps, newKey } = await setUp(t);
  const feed = someFeed();
  const held = graph.hold('follow');
  const redeeming = desk.redeem(await newKey(), feed);
  await held.reached;
  const banning = desk.ban(feed);
  // By then the ban is written, and a block that did not wait its turn would be published.
  for (let i = 0; i < 5; i += 1) await desk.create();
  assert.equal(desk.isBanned(feed), true);
  held.release();
  await redeeming;
  await banning;
  assert.deepEqual(steps(), ['follow', 'block']);
});

test('a ban that cannot be published counts all the same and is published at the next start', async (t) => {
  const { desk, graph, reopen, newKey } = await setUp(t);
  const feed = someFeed();
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.ban(feed), { code: 'BLOCK_FAILED' });
  graph.failure = undefined;
  await assert.rejects(desk.redeem(await newKey(), feed), { code: 'FEED_BANNED' });
  await (await reopen()).reconcile();
  assert.equal(await graph.isBlocking(feed), true);
});

test('a ban counts in the relay at once, and nobody keeps it out of the line by filling it', async (t) => {
  const { desk, graph } = await setUp(t);
  const feed = someFeed();
  const held = graph.hold('isBlocking');
  const crowd = Array.from({ length: 1000 }, () => desk.sponsor(someFeed(), someFeed()));
  const refused = Promise.allSettled(crowd);
  await held.reached;
  await assert.rejects(desk.sponsor(someFeed(), someFeed()), { code: 'DESK_BUSY' });
  const banning = desk.ban(feed);
  await desk.create();
  await eventually('the relay to know', () => graph.shutOut.has(feed) || undefined);
  assert.equal(await graph.isBlocking(feed), false);
  held.release();
  await banning;
  assert.equal(await graph.isBlocking(feed), true);
  await refused;
  await desk.unban(feed);
  assert.equal(graph.shutOut.has(feed), false);
});

test('a ban whose block cannot be published counts in the relay all the same, until it is lifted', async (t) => {
  const { desk, graph } = await setUp(t);
  const feed = someFeed();
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.ban(feed), { code: 'BLOCK_FAILED' });
  assert.equal(graph.shutOut.has(feed), true);
  await desk.unban(feed);
  assert.equal(graph.shutOut.has(feed), false);
});

test('a lifted ban is unblocked, at the next start if not at once', async (t) => {
  const { desk, graph, reopen } = await setUp(t);
  const feed = someFeed();
  await desk.ban(feed);
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.unban(feed), { code: 'BLOCK_FAILED' });
  graph.failure = undefined;
  const again = await reopen();
  assert.equal(again.isBanned(feed), false);
  await again.reconcile();
  assert.equal(await graph.isBlocking(feed), false);
  await assert.rejects(again.unban(feed), { code: 'NOT_BANNED' });
});

test('a member gets its place back with the ban lifted, a stranger gets none', async (t) => {
  const { desk, graph, newKey } = await setUp(t);
  const [member, stranger] = [someFeed(), someFeed()];
  await desk.redeem(await newKey(), member);
  for (const feed of [member, stranger]) {
    await desk.ban(feed);
    await desk.unban(feed);
  }
  assert.equal(await graph.isFollowing(member), true);
  assert.equal(await graph.isFollowing(stranger), false);
  assert.deepEqual(await desk.redeem(await newKey(), stranger), { already: false });
});

test('ban, unban and ban again at once end in a block', async (t) => {
  const { desk, graph } = await setUp(t);
  const feed = someFeed();
  await desk.ban(feed);
  await Promise.all([desk.unban(feed), desk.ban(feed, 'again')]);
  await Promise.all([desk.ban(feed), desk.unban(feed), desk.ban(feed)]);
  assert.equal(desk.isBanned(feed), true);
  assert.equal(await graph.isBlocking(feed), true);
});

test('a block made outside the desk can be lifted through it', async (t) => {
  const { desk, graph } = await setUp(t);
  const feed = someFeed();
  await graph.block(feed);
  await desk.unban(feed);
  assert.equal(await graph.isBlocking(feed), false);
});

test('a reason with control characters is refused and nobody is banned', async (t) => {
  const { desk } = await setUp(t);
  await assert.rejects(desk.ban(someFeed(), 'a\u001b[2J'), { code: 'BAD_NOTE' });
  assert.deepEqual(desk.bans(), []);
});
