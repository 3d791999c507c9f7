import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Link } from '../../src/ssb/peers/link.js';
import { takesOver } from '../../src/ssb/peers/one-connection.js';
import { addressOf } from '../../src/ssb/peers/plan.js';
import { whyNot } from '../../src/ssb/peers/words.js';
import { SnugError } from '../../src/support/errors.js';
import { parseFeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { parseOnionHost } from '../../src/support/onion-host.js';
import { FakeClock } from '../support/fake-clock.js';

const MINUTE = 60_000;
const PLAN = {
  name: 'harbour',
  host: parseOnionHost('2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion'),
  port: 8008,
  id: parseFeedId(`@${Buffer.alloc(32, 7).toString('base64')}.ed25519`),
  line: undefined,
};

describe('a link to a listed relay', () => {
  let clock: FakeClock;
  let link: Link;
  /** When it was dialled, in minutes since the start. */
  let dials: number[];
  let outcome: () => Promise<unknown>;
  let chance: number;
  const start = (timings = {}) => {
    clock = new FakeClock();
    const begun = clock.now();
    dials = [];
    link = new Link({
      plan: PLAN,
      clock,
      random: () => chance,
      timings: {
        retryFirst: MINUTE,
        retryLongest: 16 * MINUTE,
        attempt: 5 * MINUTE,
        stable: 10 * MINUTE,
        ...timings,
      },
      log: createLog({ write: () => undefined, journal: false, verbose: false }),
      dial: (address) => {
        assert.equal(address, addressOf(PLAN));
        dials.push((clock.now() - begun) / MINUTE);
        return outcome();
      },
    });
  };
  const fail = () => Promise.reject(new SnugError('DIAL_FAILED', 'no'));
  const succeed = () => {
    link.opened();
    return Promise.resolve();
  };

  beforeEach(() => {
    outcome = fail;
    chance = 0;
    start();
  });

  it('is not dialled before Tor is on line, and then at once', async () => {
    await clock.pass(60 * MINUTE);
    assert.deepEqual([dials, link.status().state], [[], 'offline']);
    link.setOnline(true);
    await clock.pass(0);
    assert.deepEqual(dials, [60]);
  });

  it('is dialled again after ever longer pauses, up to the longest', async () => {
    link.setOnline(true);
    await clock.pass(60 * MINUTE);
    // Chance gives the least here: half of 1, 2, 4, 8, 16, 16, … but never below the first.
    assert.deepEqual(dials, [0, 1, 2, 4, 8, 16, 24, 32, 40, 48, 56]);
  });

  it('pauses differ by chance, and are never over one and a half of the longest', async () => {
    chance = 0.999_999;
    link.setOnline(true);
    await clock.pass(200 * MINUTE);
    const pauses = dials.slice(1).map((at, i) => Math.round(at - (dials[i] ?? 0)));
    assert.deepEqual(pauses.slice(0, 5), [2, 3, 6, 12, 24]);
    assert.ok(pauses.every((pause) => pause <= 24));
    assert.ok(pauses[0] !== 1, 'the first pause too');
  });

  it('tells why it is not connected, and when it is dialled next', async () => {
    link.setOnline(true);
    await clock.pass(0);
    const { state, nextTry, lastError, since } = link.status();
    assert.deepEqual([state, nextTry, since], ['waiting', clock.now() + MINUTE, undefined]);
    assert.match(lastError ?? '', /could not be reached through Tor/);
  });

  it('is not dialled while it is connected, and tells since when', async () => {
    outcome = succeed;
    link.setOnline(true);
    await clock.pass(0);
    const begun = clock.now();
    await clock.pass(300 * MINUTE);
    const { state, since, lastError, nextTry } = link.status();
    assert.deepEqual([dials, state, since], [[0], 'connected', begun]);
    assert.deepEqual([lastError, nextTry, clock.waiting], [undefined, undefined, 0]);
  });

  it('a connection that the other relay made will do', async () => {
    link.setOnline(true);
    await clock.pass(0);
    link.opened();
    await clock.pass(300 * MINUTE);
    assert.deepEqual([dials, link.status().state], [[0], 'connected']);
  });

  it('after a sound connection the pauses start from the shortest again', async () => {
    link.setOnline(true);
    await clock.pass(20 * MINUTE);
    link.opened();
    await clock.pass(10 * MINUTE);
    link.closed();
    assert.equal(link.status().lastError, 'the connection was lost');
    assert.equal(link.status().nextTry, clock.now() + MINUTE);
    dials = [];
    await clock.pass(3 * MINUTE);
    assert.deepEqual(dials, [31, 32]);
  });

  it('after one that broke soon they grow on, so that nothing flaps', async () => {
    outcome = async () => {
      link.opened();
      link.closed();
    };
    link.setOnline(true);
    await clock.pass(60 * MINUTE);
    assert.deepEqual(dials, [0, 1, 2, 4, 8, 16, 24, 32, 40, 48, 56]);
  });

  it('a connection that breaks while another attempt is under way starts no second attempt', async () => {
    let end: () => void = () => undefined;
    outcome = () =>
      new Promise<void>((resolve) => {
        end = resolve;
      });
    link.setOnline(true);
    await clock.pass(0);
    link.opened();
    link.closed();
    await clock.pass(4 * MINUTE);
    assert.deepEqual([dials, link.status().state], [[0], 'dialling']);
    end();
    await clock.pass(0);
    assert.equal(link.status().state, 'waiting');
    await clock.pass(MINUTE);
    assert.deepEqual(dials, [0, 5]);
  });

  it('an attempt that comes to no end is given up', async () => {
    outcome = () => new Promise(() => undefined);
    link.setOnline(true);
    await clock.pass(5 * MINUTE);
    assert.deepEqual([dials, link.status().state], [[0], 'waiting']);
    assert.match(link.status().lastError ?? '', /did not answer in time/);
    await clock.pass(MINUTE);
    assert.deepEqual(dials, [0, 6]);
  });

  it('waits while Tor is off line, and is dialled as soon as it is back', async () => {
    link.setOnline(true);
    await clock.pass(20 * MINUTE);
    link.setOnline(false);
    dials = [];
    await clock.pass(100 * MINUTE);
    assert.deepEqual([dials, clock.waiting], [[], 0]);
    link.setOnline(true);
    await clock.pass(MINUTE);
    assert.deepEqual(dials, [120, 121]);
  });

  it('is not dialled while it is banned', async () => {
    link.setBanned(true);
    link.setOnline(true);
    await clock.pass(100 * MINUTE);
    assert.deepEqual([dials, link.status().state], [[], 'banned']);
    link.setBanned(false);
    await clock.pass(0);
    assert.deepEqual(dials, [100]);
  });

  it('leaves no timer when it is stopped, were an attempt under way', async () => {
    link.setOnline(true);
    await clock.pass(0);
    link.stop();
    assert.equal(clock.waiting, 0);
    let end: () => void = () => undefined;
    outcome = () =>
      new Promise<void>((_resolve, reject) => {
        end = () => reject(new Error('late'));
      });
    link.setOnline(true);
    await clock.pass(0);
    link.stop();
    end();
    await clock.pass(0);
    assert.equal(clock.waiting, 0);
  });
});

describe('why a relay is not connected', () => {
  it('is said in words of ours, with nothing that a stranger chose', () => {
    const odd = new Error('\u001b[31m see http://evil.example');
    assert.equal(whyNot(odd), 'the connection could not be made');
    assert.match(whyNot(new Error('shs.client: error on phase 3')), /shut the door/);
  });
});

describe('of two connections with one relay', () => {
  const standing = (dialled: boolean) => ({ dialled, since: 0 });

  it('dialled at the same moment, both sides leave the same one', () => {
    for (const [a, b] of [
      ['@a', '@b'],
      ['@b', '@a'],
    ] as const) {
      // `a` dialled one and `b` the other; each side sees one of them first.
      const fresh = { since: 10 };
      const aKeepsOwn = !takesOver(a, b, standing(true), { ...fresh, dialled: false });
      const aKeepsOwnToo = takesOver(a, b, standing(false), { ...fresh, dialled: true });
      const bKeepsOwn = !takesOver(b, a, standing(true), { ...fresh, dialled: false });
      const bKeepsOwnToo = takesOver(b, a, standing(false), { ...fresh, dialled: true });
      assert.equal(aKeepsOwn, aKeepsOwnToo);
      assert.equal(bKeepsOwn, bKeepsOwnToo);
      assert.notEqual(aKeepsOwn, bKeepsOwn);
    }
  });

  it('a new one takes the place of one that the other side must have lost', () => {
    for (const own of ['@a', '@c']) {
      const late = { dialled: false, since: 10 * MINUTE };
      assert.equal(takesOver(own, '@b', standing(true), late), true);
      assert.equal(takesOver(own, '@b', standing(false), { dialled: false, since: 10 }), true);
    }
  });
});
