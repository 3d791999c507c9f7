import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONDITION_IDS } from '../../src/mail/conditions.js';
import { type Begun, type ConditionId, conditionsOf } from '../../src/status/conditions.js';
import { type Rooms, takeSnapshot } from '../../src/status/snapshot.js';
import { ABOUT, MACHINE, NOW, TOR, VISITS, WELL } from '../support/status-views.js';

const MINUTE = 60_000;
const ailment = {
  what: 'The relay cannot reach itself.',
  hint: 'Wait.',
  seconds: 300,
  shut: false,
};
const WRONG: readonly (readonly [ConditionId, Partial<Rooms>, RegExp])[] = [
  ['tor-down', { tor: { ...TOR, state: 'publishing' } }, /onion address is not published/],
  ['self-visit', { visits: { ...VISITS, ailment } }, /cannot reach itself\. Wait\./],
  ['disk', { machine: { ...MACHINE, disk: { ...MACHINE.disk, usedPercent: 91 } } }, /91 % full/],
  ['clock', { tor: { ...TOR, clockSkewSeconds: 4000 } }, /4000 seconds fast.*Set the clock/],
  ['restart-loop', { starts: 7 }, /started 7 times/],
  ['update', { tor: { ...TOR, outdated: true } }, /Update Tor/],
];

/** Looks at the same rooms every minute, from a steady time of 0 on. */
function watchFor(minutes: number, changes: Partial<Rooms>, wallJump = 0) {
  let begun: Begun = new Map();
  let conditions: ReturnType<typeof conditionsOf>['conditions'] = [];
  for (let minute = 0; minute <= minutes; minute += 1) {
    const steady = minute * MINUTE;
    const wall = NOW + steady + (minute > 0 ? wallJump : 0);
    const snapshot = takeSnapshot({ ...WELL, ...changes }, ABOUT);
    ({ conditions, begun } = conditionsOf(snapshot, begun, { wall, steady }));
  }
  return conditions;
}

describe('what a person is told of', () => {
  it('is nothing while all is well', () => assert.deepEqual(watchFor(60, {}), []));

  it('update: also when those of the card do not go well', () => {
    const [late] = watchFor(1, { machine: { ...MACHINE, updates: { days: 9, late: true } } });
    assert.equal(late?.id, 'update');
    assert.match(late.text, /not gone well for 9 days/);
  });

  it('has the names that mail knows', () => {
    assert.deepEqual(WRONG.map(([id]) => id).sort(), [...CONDITION_IDS].sort());
  });

  for (const [id, changes, text] of WRONG) {
    it(`${id}: with what to do, and once each`, () => {
      const found = watchFor(20, changes);
      assert.deepEqual(
        found.map((condition) => condition.id),
        [id],
      );
      assert.match(found[0]?.text ?? '', text);
    });
  }

  it('Tor is down when it was so for 15 minutes, not before', () => {
    const [, down = {}] = WRONG[0] ?? [];
    assert.deepEqual(watchFor(14, down), []);
    assert.equal(watchFor(15, down)[0]?.since, NOW);
  });

  it('the clock may jump by years meanwhile', () => {
    const [, down = {}] = WRONG[0] ?? [];
    const years = 1e12;
    assert.deepEqual(watchFor(14, down, years), []);
    assert.equal(watchFor(15, down, years)[0]?.since, NOW + years);
  });

  it('a Tor that was published in between begins anew', () => {
    const at = (state: string) => takeSnapshot({ ...WELL, tor: { ...TOR, state } }, ABOUT);
    const moment = (minute: number) => ({ wall: NOW, steady: minute * MINUTE });
    const first = conditionsOf(at('publishing'), new Map(), moment(0));
    const second = conditionsOf(at('published'), first.begun, moment(10));
    const third = conditionsOf(at('publishing'), second.begun, moment(16));
    assert.deepEqual(third.conditions, []);
  });

  it('visits fail since the first one that failed', () => {
    assert.equal(watchFor(0, { visits: { ...VISITS, ailment } })[0]?.since, NOW - 5 * MINUTE);
  });

  it('names no feed and no address', () => {
    for (const [, changes] of WRONG) {
      for (const { text } of watchFor(20, changes)) assert.doesNotMatch(text, /@|x\.onion/);
    }
  });
});
