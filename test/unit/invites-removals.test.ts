import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { InviteDesk } from '../../src/invites/desk.js';
import type { FeedId } from '../../src/support/feed-id.js';
import { startChild } from '../support/invites-child.js';
import { FileGraph } from '../support/invites-file-graph.js';
import { MemoryGraph } from '../support/invites-graph.js';
import {
  Clock,
  deskOptions,
  keyOf,
  openDesk,
  START,
  someFeed,
  temporaryFolder,
} from '../support/invites-kit.js';

async function setUp(t: TestContext) {
  const graph = new MemoryGraph();
  const clock = new Clock();
  const options = deskOptions(await temporaryFolder(t), { graph, now: clock.now });
  const { desk, reopen } = await openDesk(t, options);
  let current = desk;
  return {
    graph,
    clock,
    desk,
    /** The next start of the relay. */
    restart: async () => {
      current = await reopen();
      await current.reconcile();
      return current;
    },
    /** A member who comes with a code. */
    join: async (feed = someFeed()) => {
      const { id, code } = await current.create({ note: 'for Ada' });
      await current.redeem(keyOf(code), feed);
      return { feed, id, key: keyOf(code) };
    },
    isMember: (feed: FeedId) => graph.isFollowing(feed),
  };
}

test('a removed member is unfollowed once, and stays so over restarts', async (t) => {
  const { desk, graph, join, restart, isMember } = await setUp(t);
  const { feed } = await join();
  assert.deepEqual(await desk.remove(feed, false), { removed: [feed], guests: [] });
  assert.equal(await isMember(feed), false);
  await restart();
  await restart();
  assert.deepEqual(
    graph.said.map(({ step }) => step),
    ['follow', 'unfollow'],
  );
});

test('the old code does not bring a removed feed back, and does not tell it "already following"', async (t) => {
  const { desk, join, isMember } = await setUp(t);
  const { feed, key } = await join();
  await desk.remove(feed, false);
  await assert.rejects(desk.redeem(key, feed), { code: 'CODE_USED' });
  assert.equal(await isMember(feed), false);
});

test('a new code brings a removed feed back, for good', async (t) => {
  const { desk, join, restart, isMember } = await setUp(t);
  const { feed } = await join();
  await desk.remove(feed, false);
  await join(feed);
  assert.equal(await isMember(feed), true);
  const next = await restart();
  assert.equal(await isMember(feed), true);
  assert.equal((await next.origins([feed])).get(feed)?.removedAt, undefined);
});

test('a feed banned in the middle of coming back is still removed when the ban is lifted', async (t) => {
  const { desk, graph, join, restart, isMember } = await setUp(t);
  const { feed } = await join();
  await desk.remove(feed, false);
  const { code } = await desk.create();
  const held = graph.hold('isFollowing');
  const coming = desk.redeem(keyOf(code), feed);
  await held.reached;
  // The claim follows this look, and the ban is in force before the follow.
  const banning = desk.ban(feed);
  held.release();
  await assert.rejects(coming, { code: 'FEED_BANNED' });
  await banning;
  await desk.unban(feed);
  const next = await restart();
  assert.equal(await isMember(feed), false);
  assert.deepEqual(await next.redeem(keyOf(code), feed), { already: false });
});

test('a removal that cannot be published counts, and the same command completes it', async (t) => {
  const { desk, graph, join, isMember } = await setUp(t);
  const { feed, key } = await join();
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.remove(feed, false), { code: 'UNFOLLOW_FAILED' });
  await assert.rejects(desk.redeem(key, feed), { code: 'CODE_USED' });
  graph.failure = undefined;
  await desk.remove(feed, false);
  assert.equal(await isMember(feed), false);
});

test('a removal that was published late is told by the same command', async (t) => {
  const { desk, graph, join } = await setUp(t);
  const { feed } = await join();
  graph.failure = new Error('the index is late');
  await assert.rejects(desk.remove(feed, false), { code: 'UNFOLLOW_FAILED' });
  graph.failure = undefined;
  await graph.unfollow(feed);
  assert.deepEqual(await desk.remove(feed, false), { removed: [feed], guests: [] });
  await assert.rejects(desk.remove(feed, false), { code: 'NOT_A_MEMBER' });
});

describe('a removal that is not published yet', () => {
  async function owing(t: TestContext) {
    const ground = await setUp(t);
    const { feed } = await ground.join();
    ground.graph.failure = new Error('no space left on device');
    await assert.rejects(ground.desk.remove(feed, false), { code: 'UNFOLLOW_FAILED' });
    ground.graph.failure = undefined;
    return { ...ground, feed };
  }

  it('outlives a ban that is lifted', async (t) => {
    const { desk, feed, isMember, restart } = await owing(t);
    await desk.ban(feed);
    await desk.unban(feed);
    assert.equal(await isMember(feed), false);
    await restart();
    assert.equal(await isMember(feed), false);
  });

  it('ends with a new code, for good', async (t) => {
    const { desk, feed, isMember, restart } = await owing(t);
    const { code } = await desk.create();
    assert.deepEqual(await desk.redeem(keyOf(code), feed), { already: true });
    const next = await restart();
    assert.equal(await isMember(feed), true);
    assert.equal((await next.origins([feed])).get(feed)?.removedAt, undefined);
  });

  it('is still owed when a ban comes in the middle of the new code', async (t) => {
    const { desk, graph, feed, join, isMember } = await owing(t);
    const { feed: other } = await join();
    const { code } = await desk.create();
    const held = graph.hold('isFollowing');
    const coming = desk.redeem(keyOf(code), feed);
    await held.reached;
    // The claim follows this look; neither ban nor block get into the log.
    graph.failure = new Error('no space left on device');
    const banning = desk.ban(feed);
    held.release();
    await assert.rejects(coming, { code: 'FEED_BANNED' });
    await assert.rejects(banning, { code: 'BLOCK_FAILED' });
    graph.failure = undefined;
    await desk.unban(feed);
    // A removal publishes all that are owed.
    await desk.remove(other, false);
    assert.equal(await isMember(feed), false);
  });

  it('lets the feed neither bring others along nor be brought along', async (t) => {
    const { desk, feed, join } = await owing(t);
    await assert.rejects(desk.sponsor(feed, someFeed()), { code: 'NOT_A_MEMBER' });
    await assert.rejects(desk.sponsor((await join()).feed, feed), { code: 'FEED_REMOVED' });
  });
});

test('a removal that cannot be published is completed by the next start', async (t) => {
  const { desk, graph, join, restart, isMember } = await setUp(t);
  const { feed } = await join();
  graph.failure = new Error('no space left on device');
  await assert.rejects(desk.remove(feed, false), { code: 'UNFOLLOW_FAILED' });
  graph.failure = undefined;
  await restart();
  assert.equal(await isMember(feed), false);
});

test('whoever is no member cannot be removed', async (t) => {
  const { desk, join } = await setUp(t);
  const { feed } = await join();
  await assert.rejects(desk.remove(someFeed(), false), { code: 'NOT_A_MEMBER' });
  await desk.remove(feed, false);
  await assert.rejects(desk.remove(feed, false), { code: 'NOT_A_MEMBER' });
});

test('guests stay when their member is removed, unless they are meant too', async (t) => {
  const { desk, join, restart, isMember } = await setUp(t);
  const { feed } = await join();
  const [one, other] = [someFeed(), someFeed()];
  await desk.sponsor(feed, one);
  await desk.sponsor(feed, other);
  assert.deepEqual(await desk.remove(feed, false), { removed: [feed], guests: [one, other] });
  const next = await restart();
  assert.deepEqual(await Promise.all([feed, one, other].map(isMember)), [false, true, true]);
  // The member is gone already: what is left of the command is to take the guests.
  const { removed } = await next.remove(feed, true);
  assert.deepEqual([...removed].sort(), [one, other].sort());
  await restart();
  assert.deepEqual(await Promise.all([feed, one, other].map(isMember)), [false, false, false]);
});

test('a guest removed while the log is being brought up to date is not followed again', async (t) => {
  const { desk, graph, isMember } = await setUp(t);
  const [member, one, other] = [someFeed(), someFeed(), someFeed()];
  await graph.follow(member);
  await desk.sponsor(member, one);
  await desk.sponsor(member, other);
  const held = graph.hold('isFollowing');
  const reconciling = desk.reconcile();
  await held.reached;
  // The list of guests is read by now, and this comes before the look at the second.
  const removing = desk.remove(other, false);
  held.release();
  await Promise.all([reconciling, removing]);
  assert.equal(await isMember(other), false);
});

test('a removed guest frees its place, and only a code of its own brings it back', async (t) => {
  const { desk, join, restart, isMember } = await setUp(t);
  const { feed } = await join();
  const guests = Array.from({ length: 5 }, () => someFeed());
  for (const guest of guests) await desk.sponsor(feed, guest);
  const [gone = someFeed()] = guests;
  await assert.rejects(desk.sponsor(feed, someFeed()), { code: 'SPONSOR_LIMIT' });
  await desk.remove(gone, false);
  await assert.rejects(desk.sponsor(feed, gone), { code: 'FEED_REMOVED' });
  const next = await restart();
  assert.equal(await isMember(gone), false);
  await assert.rejects(next.sponsor(feed, gone), { code: 'FEED_REMOVED' });
  assert.deepEqual(await next.sponsor(feed, someFeed()), { already: false });
  await join(gone);
  assert.equal(await isMember(gone), true);
});

test('a ban outlives a removal: a new code does not help', async (t) => {
  const { desk, join, isMember } = await setUp(t);
  const { feed } = await join();
  await desk.remove(feed, false);
  await desk.ban(feed);
  await assert.rejects(join(feed), { code: 'FEED_BANNED' });
  await desk.unban(feed);
  assert.equal(await isMember(feed), false);
});

test('it is on record how a feed came here, and nothing is made up', async (t) => {
  const { desk, clock, join } = await setUp(t);
  const { feed, id } = await join();
  const [guest, other] = [someFeed(), someFeed()];
  await desk.sponsor(feed, guest);
  clock.ms += 1000;
  await desk.remove(guest, false);
  await desk.sponsor(feed, other);
  const origins = await desk.origins([feed, guest, other, someFeed()]);
  assert.deepEqual(
    [...origins.values()],
    [
      { invite: id, note: 'for Ada', since: START, guests: 1 },
      { removedAt: START + 1000 },
      { sponsor: feed },
      {},
    ],
  );
});

for (const moment of ['before unfollow', 'after unfollow', 'before isFollowing'] as const) {
  test(`a removal killed ${moment}: one word in the log after the next start`, async (t) => {
    const folder = await temporaryFolder(t);
    const log = join(folder, 'log');
    const graph = new FileGraph(log);
    const options = deskOptions(join(folder, 'desk'), { graph });
    const open = async () => {
      const desk = await InviteDesk.open(options);
      t.after(() => desk.close());
      return desk;
    };
    const first = await open();
    const [feed, guest] = [someFeed(), someFeed()];
    await first.redeem(keyOf((await first.create()).code), feed);
    await first.sponsor(feed, guest);
    await first.close();
    // The third look at the graph is the one after the intention is on the disk.
    const count = moment === 'before isFollowing' ? 3 : 1;
    const job = { folder: options.folder, log, action: 'remove', feed } as const;
    const child = startChild(t, { ...job, hangAt: { moment, count } });
    await child.line('reached');
    await child.kill();
    await (await open()).reconcile();
    const words = graph.said().slice(2).sort();
    assert.deepEqual(words, [`unfollow ${feed}`, `unfollow ${guest}`].sort());
  });
}
