import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { InviteDesk } from '../../src/invites/desk.js';
import { startChild } from '../support/invites-child.js';
import type { Job } from '../support/invites-crash.js';
import { FileGraph, type Moment } from '../support/invites-file-graph.js';
import { deskOptions, keyOf, someFeed, temporaryFolder } from '../support/invites-kit.js';

type Action = Pick<Job, 'action' | 'feed' | 'by' | 'burst'>;

async function setUp(t: TestContext) {
  const folder = await temporaryFolder(t);
  const log = join(folder, 'log');
  const graph = new FileGraph(log);
  const options = deskOptions(join(folder, 'desk'), { graph });
  const open = async (burst = 10) => {
    const desk = await InviteDesk.open({ ...options, budget: { perHour: 30, burst } });
    t.after(() => desk.close());
    return desk;
  };
  /** Does one thing in a child and kills it there, or after it when no moment is given. */
  const crash = async (action: Action, moment?: Moment, count = 1) => {
    const where = moment === undefined ? {} : { hangAt: { moment, count } };
    const child = startChild(t, { folder: options.folder, log, ...action, ...where });
    await child.line('reached');
    await child.kill();
  };
  const newKey = async () => {
    const desk = await open();
    const { code } = await desk.create();
    await desk.close();
    return keyOf(code);
  };
  return { graph, open, crash, newKey, folder: options.folder, log };
}

test('killed before the claim: the code is as good as new', async (t) => {
  const { graph, open, crash, newKey } = await setUp(t);
  const key = await newKey();
  await crash({ action: 'redeem', by: key, feed: someFeed() }, 'before isFollowing');
  const desk = await open();
  await desk.reconcile();
  assert.deepEqual(graph.said(), []);
  assert.deepEqual(await desk.redeem(key, someFeed()), { already: false });
});

const afterClaim: Array<[title: string, moment: Moment | undefined, count: number]> = [
  ['after the claim', 'before isFollowing', 2],
  ['right before the follow', 'before follow', 1],
  ['right after the follow', 'after follow', 1],
  ['after the redemption', undefined, 1],
];

for (const [title, moment, count] of afterClaim) {
  test(`killed ${title}: the next start completes it, one follow, no use to others`, async (t) => {
    const { graph, open, crash, newKey } = await setUp(t);
    const key = await newKey();
    const feed = someFeed();
    await crash({ action: 'redeem', by: key, feed }, moment, count);
    const desk = await open();
    await assert.rejects(desk.redeem(key, someFeed()), { code: 'CODE_USED' });
    await desk.reconcile();
    assert.deepEqual(graph.said(), [`follow ${feed}`]);
    await assert.rejects(desk.redeem(key, someFeed()), { code: 'CODE_USED' });
    await assert.rejects(desk.redeem(key, feed), { message: 'already following' });
    assert.deepEqual(graph.said(), [`follow ${feed}`]);
  });

  test(`killed ${title}: the same feed completes it itself, one follow`, async (t) => {
    const { graph, open, crash, newKey } = await setUp(t);
    const key = await newKey();
    const feed = someFeed();
    await crash({ action: 'redeem', by: key, feed }, moment, count);
    const desk = await open();
    if (moment !== undefined) {
      const already = moment === 'after follow';
      assert.deepEqual(await desk.redeem(key, feed), { already });
    }
    assert.deepEqual(graph.said(), [`follow ${feed}`]);
    assert.equal((await desk.list())[0]?.state, 'redeemed');
  });
}

test('killed twice in the middle of one redemption: still one follow', async (t) => {
  const { graph, open, crash, newKey } = await setUp(t);
  const action: Action = { action: 'redeem', by: await newKey(), feed: someFeed() };
  await crash(action, 'before follow');
  await crash(action, 'after follow');
  await (await open()).reconcile();
  assert.deepEqual(graph.said(), [`follow ${action.feed}`]);
});

test('banned after a crash in the middle: never followed, and no use to others', async (t) => {
  const { graph, open, crash, newKey } = await setUp(t);
  const key = await newKey();
  const feed = someFeed();
  await crash({ action: 'redeem', by: key, feed }, 'before follow');
  const desk = await open();
  await desk.ban(feed);
  await desk.reconcile();
  await assert.rejects(desk.redeem(key, feed), { code: 'FEED_BANNED' });
  await assert.rejects(desk.redeem(key, someFeed()), { code: 'CODE_USED' });
  assert.deepEqual(graph.said(), [`block ${feed}`]);
});

for (const moment of ['before block', 'after block'] as const) {
  test(`a ban killed ${moment} is one block after the next start`, async (t) => {
    const { graph, open, crash } = await setUp(t);
    const feed = someFeed();
    await crash({ action: 'ban', feed }, moment);
    const desk = await open();
    assert.equal(desk.isBanned(feed), true);
    await desk.reconcile();
    assert.deepEqual(graph.said(), [`block ${feed}`]);
  });
}

for (const moment of ['before unblock', 'after unblock'] as const) {
  test(`a ban of a member, its lifting killed ${moment}, ends with the member followed`, async (t) => {
    const { graph, open, crash } = await setUp(t);
    const feed = someFeed();
    await graph.follow(feed);
    const before = await open();
    await before.ban(feed);
    await before.close();
    await crash({ action: 'unban', feed }, moment);
    const desk = await open();
    assert.equal(desk.isBanned(feed), false);
    await desk.reconcile();
    const steps = graph.said().map((line) => line.split(' ')[0]);
    assert.deepEqual(steps, ['follow', 'block', 'unblock', 'follow']);
  });
}

for (const moment of ['before follow', 'after follow'] as const) {
  test(`a sponsored follow killed ${moment} is one follow and counted once`, async (t) => {
    const { graph, open, crash } = await setUp(t);
    const [member, feed] = [someFeed(), someFeed()];
    await graph.follow(member);
    await crash({ action: 'sponsor', by: member, feed }, moment);
    const desk = await open();
    await desk.reconcile();
    assert.deepEqual(graph.said(), [`follow ${member}`, `follow ${feed}`]);
    for (let i = 0; i < 4; i += 1) await desk.sponsor(member, someFeed());
    await assert.rejects(desk.sponsor(member, someFeed()), { code: 'SPONSOR_LIMIT' });
  });
}

test('killed while minting: every code costs one of the budget, and every cost has its code', async (t) => {
  const { open, folder, log } = await setUp(t);
  const burst = 100_000;
  let shown = 0;
  for (const turns of [50, 111, 222, 333, 444, 555, 666, 777]) {
    const child = startChild(t, { folder, log, action: 'solve', burst, turns });
    const outcomes = (await child.rest()).filter((line) => line === 'code');
    assert.ok(outcomes.length > 0);
    shown += outcomes.length;
    await child.kill();
    const desk = await open(burst);
    const made = (await desk.list()).length;
    assert.ok(made >= shown);
    assert.equal(desk.budget().left, burst - made);
    await desk.close();
  }
});
