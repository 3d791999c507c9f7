import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MAX_RIDDLES, RIDDLE_LIFETIME_MS } from '../../src/invites/limits.js';
import { Riddles } from '../../src/invites/riddles.js';
import {
  Clock,
  DAY,
  deskOptions,
  HOUR,
  keyOf,
  openDesk,
  temporaryFolder,
} from '../support/invites-kit.js';

async function setUp(t: TestContext, budget = { perHour: 30, burst: 10 }) {
  const clock = new Clock();
  const options = deskOptions(await temporaryFolder(t), { now: clock.now, budget });
  const { desk, reopen } = await openDesk(t, options);
  return { clock, desk, reopen };
}

type Desk = Awaited<ReturnType<typeof setUp>>['desk'];

async function outcomes(desk: Desk, attempts: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < attempts; i += 1) {
    const { outcome } = await desk.solve(desk.pose('abcd'), 'abcd');
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

test('case and surrounding blanks do not matter, anything else does', () => {
  const riddles = new Riddles();
  for (const text of ['aB3d', ' AB3D\n', 'ab3d']) {
    assert.equal(riddles.attempt(riddles.pose('Ab3d'), text), 'right');
  }
  for (const text of ['', 'a b3d', 'ab3', 'ab3dd', `ab3d${' '.repeat(1000)}`]) {
    assert.equal(riddles.attempt(riddles.pose('Ab3d'), text), 'wrong');
  }
  assert.equal(riddles.attempt(riddles.pose('  '), ''), 'wrong');
});

test('a riddle is consumed by the first attempt, right or wrong', () => {
  const riddles = new Riddles();
  for (const first of ['wrong', 'abcd']) {
    const id = riddles.pose('abcd');
    assert.notEqual(riddles.attempt(id, first), 'gone');
    assert.equal(riddles.attempt(id, 'abcd'), 'gone');
  }
  assert.equal(riddles.attempt('never posed', 'abcd'), 'gone');
});

test('100 right answers to one riddle at once yield one code', async (t) => {
  const { desk } = await setUp(t);
  const id = desk.pose('abcd');
  const solved = await Promise.all(Array.from({ length: 100 }, () => desk.solve(id, 'abcd')));
  assert.equal(solved.filter((s) => s.outcome === 'code').length, 1);
  assert.equal(solved.filter((s) => s.outcome === 'gone').length, 99);
  assert.equal((await desk.list()).length, 1);
  assert.equal(desk.budget().left, 9);
});

test('wrong answers by the hundred mint nothing and cost no budget', async (t) => {
  const { desk } = await setUp(t);
  const solving = Array.from({ length: 300 }, () => desk.solve(desk.pose('abcd'), 'abcx'));
  assert.ok((await Promise.all(solving)).every((s) => s.outcome === 'wrong'));
  assert.deepEqual(await desk.list(), []);
  assert.equal(desk.budget().left, 10);
});

test('no more riddles are kept than the bound, the oldest gives way', () => {
  const riddles = new Riddles();
  const ids = Array.from({ length: MAX_RIDDLES + 1000 }, () => riddles.pose('abcd'));
  const verdicts = ids.map((id) => riddles.attempt(id, 'abcd'));
  assert.ok(verdicts.slice(0, 1000).every((verdict) => verdict === 'gone'));
  assert.ok(verdicts.slice(1000).every((verdict) => verdict === 'right'));
});

test('a riddle is gone when its time is over', () => {
  let time = 1;
  const riddles = new Riddles({ now: () => time });
  const [early, late] = [riddles.pose('abcd'), riddles.pose('abcd')];
  time += RIDDLE_LIFETIME_MS;
  assert.equal(riddles.attempt(early, 'abcd'), 'right');
  time += 1;
  assert.equal(riddles.attempt(late, 'abcd'), 'gone');
});

test('a code for a riddle can be redeemed until its lifetime is over', async (t) => {
  const { desk, clock } = await setUp(t);
  const solved = await desk.solve(desk.pose('abcd'), 'abcd');
  assert.ok(solved.outcome === 'code');
  assert.equal(solved.expiresAt, clock.ms + 7 * DAY);
  assert.equal(await desk.mayRedeem(keyOf(solved.code)), true);
});

test('the burst is the most at once, then the waiting time is told', async (t) => {
  const { desk, clock } = await setUp(t);
  const right = Array.from({ length: 40 }, () => desk.solve(desk.pose('abcd'), 'abcd'));
  const solved = await Promise.all(right);
  assert.equal(solved.filter((s) => s.outcome === 'code').length, 10);
  const refused = solved.filter((s) => s.outcome === 'over-budget');
  assert.equal(refused.length, 30);
  assert.ok(refused.every((s) => s.retryAfterSeconds === 120));
  clock.ms += 119_000;
  assert.deepEqual(await outcomes(desk, 1), { 'over-budget': 1 });
  clock.ms += 1_000;
  assert.deepEqual(await outcomes(desk, 2), { code: 1, 'over-budget': 1 });
});

test('an hour of full use gives burst and refill, and no more', async (t) => {
  const { desk, clock } = await setUp(t);
  let codes = 0;
  for (let i = 0; i < 60; i += 1) {
    codes += (await outcomes(desk, 2)).code ?? 0;
    clock.ms += HOUR / 60;
  }
  // The refill of the last minute comes after the last question.
  assert.equal(codes, 10 + 29);
});

test('the budget survives a restart', async (t) => {
  const { desk, reopen, clock } = await setUp(t);
  await outcomes(desk, 10);
  const again = await reopen();
  assert.equal(again.budget().left, 0);
  clock.ms += 4 * 60_000;
  assert.deepEqual((await reopen()).budget(), { left: 2, perHour: 30 });
});

test("the operator's codes are outside the visitors' budget", async (t) => {
  const { desk } = await setUp(t);
  for (let i = 0; i < 20; i += 1) await desk.create();
  assert.equal(desk.budget().left, 10);
  await outcomes(desk, 11);
  await desk.create();
});

test('a clock far ahead fills the bucket once, and never beyond the burst', async (t) => {
  const { desk, reopen, clock } = await setUp(t);
  await outcomes(desk, 10);
  clock.ms += 10_000 * DAY;
  assert.deepEqual(await outcomes(desk, 30), { code: 10, 'over-budget': 20 });
  assert.equal((await reopen()).budget().left, 0);
});

test('a clock that falls back grants nothing and does not freeze the budget', async (t) => {
  const { desk, reopen, clock } = await setUp(t);
  await outcomes(desk, 10);
  clock.ms -= 1000 * DAY;
  assert.deepEqual(await outcomes(desk, 1), { 'over-budget': 1 });
  clock.ms += 2 * 60_000;
  assert.deepEqual(await outcomes(desk, 2), { code: 1, 'over-budget': 1 });
  await reopen();
  clock.ms -= 1000 * DAY;
  await reopen();
  clock.ms += 2 * 60_000;
  assert.deepEqual(await outcomes(await reopen(), 2), { code: 1, 'over-budget': 1 });
});

test('a smaller burst in the configuration holds at the next start', async (t) => {
  const { reopen } = await setUp(t);
  assert.equal((await reopen({ budget: { perHour: 30, burst: 3 } })).budget().left, 3);
});

test('a budget that never refills names a waiting time that a header can carry', async (t) => {
  const { desk } = await setUp(t, { perHour: 0, burst: 0 });
  assert.deepEqual(await desk.solve(desk.pose('abcd'), 'abcd'), {
    outcome: 'over-budget',
    retryAfterSeconds: 3600,
  });
});

test('the counters tell what happened', async (t) => {
  const { desk } = await setUp(t, { perHour: 30, burst: 1 });
  await outcomes(desk, 2);
  await desk.solve(desk.pose('abcd'), 'no');
  await desk.solve('never posed', 'abcd');
  const { shown, solved, wrong, gone, overBudget, minted } = desk.counters();
  assert.deepEqual([shown, solved, wrong, gone, overBudget, minted], [3, 2, 1, 1, 1, 1]);
});
