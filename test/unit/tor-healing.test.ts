import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Healing, type Outcome } from '../../src/tor/healing.js';

const MINUTE = 60_000;
const TIMINGS = {
  every: [10 * MINUTE, 20 * MINUTE],
  retry: [5 * MINUTE, 60 * MINUTE],
} as const;
const WELL: Outcome = { kind: 'well' };
const PATH: Outcome = { kind: 'path', why: 'no way' };
const PAGE: Outcome = { kind: 'page', why: 'status 503' };
const DOOR: Outcome = { kind: 'door', why: 'refused' };
const UNPUBLISHED: Outcome = { kind: 'unpublished', why: 'not published' };

/** Chance in the middle. */
function healing(random = 0.5): Healing {
  return new Healing(TIMINGS, () => random);
}

/** @returns the steps that follow these outcomes, those after a pause with a mark */
function steps(one: Healing, outcomes: readonly Outcome[], othersCome = false): string[] {
  return outcomes.map((outcome, index) => {
    const { step, waitMs } = one.judge(outcome, index * MINUTE, othersCome);
    return waitMs > 0 ? `… ${step}` : step;
  });
}

describe('healing', () => {
  it('a visit that goes well is followed by another in 10 to 20 minutes', () => {
    assert.deepEqual(healing(0).judge(WELL, 0, false), { waitMs: 10 * MINUTE, step: 'look' });
    assert.deepEqual(healing(0.999).judge(WELL, 0, false).waitMs, 1_199_400);
  });

  it('goes from looking again to new circuits, reload and restart, each at once', () => {
    const plan = steps(healing(), [PATH, PATH, PATH, PATH]);
    assert.deepEqual(plan, ['look', 'new-circuits', 'reload', 'restart']);
  });

  it('restarts again only after a pause and one more look, the pauses ever longer', () => {
    const one = healing(0.999);
    steps(one, [PATH, PATH, PATH, PATH]);
    const pauses: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const look = one.judge(PATH, 0, false);
      assert.equal(look.step, 'look');
      pauses.push(Math.round(look.waitMs / MINUTE));
      assert.deepEqual(one.judge(PATH, 0, false), { waitMs: 0, step: 'restart' });
    }
    assert.deepEqual(pauses, [5, 10, 20, 40, 60, 60]);
  });

  it('begins from the start once a visit went well', () => {
    const one = healing();
    steps(one, [PATH, PATH, PATH, PATH, PATH]);
    assert.deepEqual(steps(one, [WELL, PATH, PATH]), ['… look', 'look', 'new-circuits']);
  });

  it('throws nobody out: while others come in, new circuits are the most that is done', () => {
    const plan = steps(healing(), [PATH, PATH, PATH, PATH], true);
    assert.deepEqual(plan, ['look', 'new-circuits', '… look', '… look']);
  });

  it('leaves a Tor alone that is not published, while others come in all the same', () => {
    const plan = steps(healing(), [UNPUBLISHED, UNPUBLISHED, UNPUBLISHED], true);
    assert.deepEqual(plan, ['look', '… look', '… look']);
  });

  it('leaves Tor alone when it brings another page than ours', () => {
    assert.deepEqual(steps(healing(), [PAGE, PAGE, PAGE]), ['look', '… look', '… look']);
  });

  it('opens the site when its own socket does not answer, and leaves Tor alone', () => {
    assert.deepEqual(steps(healing(), [DOOR, DOOR, DOOR]), ['reopen', '… reopen', '… reopen']);
  });

  it('restarts a Tor that is not published for long, then with pauses', () => {
    const plan = steps(healing(), [UNPUBLISHED, UNPUBLISHED, UNPUBLISHED, UNPUBLISHED]);
    assert.deepEqual(plan, ['restart', '… look', 'restart', '… look']);
  });

  it('one failure is no ailment, two are, from the first on, and a good visit ends it', () => {
    const one = healing();
    const ailments = [PATH, PATH, UNPUBLISHED, WELL].map((outcome, index) => {
      one.judge(outcome, 1000 * index, false);
      return one.ailment;
    });
    const ailment = { since: 0, kind: 'path', why: 'no way', shut: false };
    assert.deepEqual(ailments, [undefined, ailment, ailment, undefined]);
  });

  it('nobody gets in while the door is shut, or once a restart has not helped and none came', () => {
    const one = healing();
    const shut = (outcome: Outcome, othersCome = false) => {
      one.judge(outcome, 0, othersCome);
      return one.ailment?.shut;
    };
    assert.deepEqual(
      [PATH, PATH, PATH, PATH, PATH].map((outcome) => shut(outcome)),
      [undefined, false, false, false, true],
    );
    assert.equal(shut(PATH, true), false);
    assert.equal(shut(PATH), true);
    assert.equal(shut(PAGE), false);
    assert.equal(shut(DOOR, true), true);
  });
});
