import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FollowQuota } from '../../src/ssb/follow-quota.js';
import { someFeed } from '../support/invites-kit.js';

const TOO_MANY = { code: 'TOO_MANY_FOLLOWS' };

describe("a member's requests to follow", () => {
  it('wait a few at a time, whatever others do', async () => {
    const quota = new FollowQuota(() => 0);
    const [ada, ben] = [someFeed(), someFeed()];
    let end: () => void = () => undefined;
    const desk = new Promise<void>((resolve) => {
      end = resolve;
    });
    const waiting = Array.from({ length: 5 }, () => quota.run(ada, () => desk));
    await assert.rejects(
      quota.run(ada, () => assert.fail('begun')),
      TOO_MANY,
    );
    assert.equal(await quota.run(ben, async () => 'done'), 'done');
    end();
    await Promise.all(waiting);
    assert.equal(await quota.run(ada, async () => 'done'), 'done');
  });

  it('are so many at once, and then so many a time, also when they fail', async () => {
    let now = 0;
    const quota = new FollowQuota(() => now);
    const ada = someFeed();
    const ask = () =>
      quota.run(ada, async () => {
        throw new Error('the desk says no');
      });
    for (let i = 0; i < 30; i += 1) await assert.rejects(ask, /the desk says no/);
    await assert.rejects(ask, TOO_MANY);
    now = 1000;
    await assert.rejects(ask, /the desk says no/);
    await assert.rejects(ask, TOO_MANY);
  });
});
