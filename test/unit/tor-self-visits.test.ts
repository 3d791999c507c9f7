import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { visitorsOf } from '../../src/health.js';
import { SnugError } from '../../src/support/errors.js';
import { createLog } from '../../src/support/log.js';
import { SelfVisits, VISIT_TIMINGS } from '../../src/tor/self-visits.js';
import type { TorState } from '../../src/tor/status.js';
import { FakeClock } from '../support/fake-clock.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

it('others are the visitors of the site and the SSB peers that were let in', () => {
  const site = { ownVisit: { others: 3 } };
  assert.equal(visitorsOf({ site, relay: () => undefined }), 3);
  assert.equal(visitorsOf({ site, relay: () => ({ status: () => ({ arrivals: 2 }) }) }), 5);
});

describe('the relay visits itself', () => {
  let clock: FakeClock;
  let visits: SelfVisits;
  /** What was done, in order: visits and steps. */
  let done: string[];
  let lines: string[];
  let state: TorState;
  /** What a visit meets: nothing, or an error. */
  let meets: () => Error | undefined;
  let doorAnswers: boolean;
  let visitors: number;
  let listeners: Set<() => void>;
  let reloadFails: boolean;

  const becomes = (next: TorState) => {
    state = next;
    for (const listener of [...listeners]) listener();
  };
  const note = (step: string, after?: () => void) => async () => {
    done.push(step);
    after?.();
  };
  const warnings = () => lines.filter((line) => !line.startsWith('debug'));

  beforeEach(async () => {
    clock = new FakeClock();
    done = [];
    lines = [];
    state = 'publishing';
    meets = () => undefined;
    doorAnswers = true;
    visitors = 0;
    reloadFails = false;
    listeners = new Set();
    visits = new SelfVisits({
      tor: {
        status: () => ({ state }),
        onChange: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        newCircuits: note('new-circuits'),
        reload: note('reload', () => {
          if (reloadFails) throw new Error('Tor refuses');
        }),
        restart: note('restart'),
      },
      visit: async () => {
        done.push('visit');
        const error = meets();
        if (error !== undefined) throw error;
      },
      door: {
        answers: () => Promise.resolve(doorAnswers),
        reopen: note('reopen', () => {
          doorAnswers = true;
        }),
      },
      visitors: () => visitors,
      clock,
      timings: VISIT_TIMINGS,
      log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
      random: () => 0.5,
    });
    await visits.start();
  });
  afterEach(() => visits.stop());

  const lost = () => new SnugError('VISIT_FAILED', 'nothing came within 120 s');

  it('a minute after it is published, and then every quarter of an hour or so', async () => {
    await clock.pass(5 * MINUTE);
    assert.deepEqual(done, []);
    becomes('published');
    await clock.pass(59 * SECOND);
    assert.deepEqual(done, []);
    await clock.pass(2 * SECOND);
    assert.deepEqual(done, ['visit']);
    await clock.pass(14 * MINUTE);
    assert.deepEqual(done, ['visit']);
    await clock.pass(2 * MINUTE);
    assert.deepEqual(done, ['visit', 'visit']);
    assert.equal(visits.status().well, 2);
    assert.equal(visits.status().lastWellSeconds, 61);
  });

  it('again soon after Tor was lost and is back', async () => {
    becomes('published');
    await clock.pass(2 * MINUTE);
    becomes('restarting');
    await clock.pass(MINUTE);
    becomes('published');
    await clock.pass(61 * SECOND);
    assert.deepEqual(done, ['visit', 'visit']);
  });

  it('one visit that fails is tried again at once, and nobody hears of it', async () => {
    let times = 0;
    meets = () => (++times === 1 ? lost() : undefined);
    becomes('published');
    await clock.pass(2 * MINUTE);
    assert.deepEqual(done, ['visit', 'visit']);
    assert.deepEqual(warnings(), []);
    assert.equal(visits.status().ailment, undefined);
    assert.equal(visits.status().failed, 1);
  });

  it('takes each step, tries it out, and tells once of the trouble and once of its end', async () => {
    meets = () => (done.includes('restart') ? undefined : lost());
    becomes('published');
    await clock.pass(2 * MINUTE);
    const wanted = 'visit visit new-circuits visit reload visit restart visit';
    assert.equal(done.join(' '), wanted);
    assert.equal(warnings().length, 2, warnings().join('\n'));
    assert.match(warnings()[0] ?? '', /^warning: .*cannot reach itself.*nothing came within 120 s/);
    assert.match(warnings()[1] ?? '', /^info: .*reaches itself again/);
  });

  it('an ailment that stays is told once, and shows in the status with its age', async () => {
    meets = lost;
    becomes('published');
    await clock.pass(5 * 60 * MINUTE);
    assert.equal(warnings().length, 1, warnings().join('\n'));
    const { ailment, lastWellSeconds } = visits.status();
    assert.match(ailment?.what ?? '', /cannot reach itself through Tor/);
    assert.equal(ailment?.seconds, 5 * 60 * 60 - 60);
    assert.equal(lastWellSeconds, undefined);
    const restarts = done.filter((step) => step === 'restart').length;
    assert.ok(restarts >= 3 && restarts <= 12, `${restarts} restarts in five hours`);
    assert.equal(done.filter((step) => step === 'reload').length, 1);
  });

  it('while others come in, Tor is neither reloaded nor restarted', async () => {
    meets = () => {
      visitors += 1;
      return lost();
    };
    becomes('published');
    await clock.pass(5 * 60 * MINUTE);
    assert.deepEqual(new Set(done), new Set(['visit', 'new-circuits']));
    assert.equal(warnings().length, 1);
  });

  it('whoever came before the trouble began does not hold back what heals it', async () => {
    becomes('published');
    await clock.pass(2 * MINUTE);
    visitors += 1;
    meets = () => (done.includes('restart') ? undefined : lost());
    done.length = 0;
    await clock.pass(20 * MINUTE);
    const wanted = 'visit visit new-circuits visit reload visit restart visit';
    assert.equal(done.slice(0, 8).join(' '), wanted);
    assert.equal(visits.status().ailment, undefined);
  });

  it('when others come no longer, the next steps are taken', async () => {
    let open = true;
    meets = () => {
      if (open) visitors += 1;
      return done.includes('restart') ? undefined : lost();
    };
    becomes('published');
    await clock.pass(3 * 60 * MINUTE);
    assert.deepEqual(new Set(done), new Set(['visit', 'new-circuits']));
    open = false;
    await clock.pass(2 * 60 * MINUTE);
    assert.equal(visits.status().ailment, undefined);
  });

  it('a site whose socket is gone is opened again, and Tor left alone', async () => {
    doorAnswers = false;
    meets = () => (doorAnswers ? undefined : lost());
    becomes('published');
    await clock.pass(2 * MINUTE);
    assert.deepEqual(done, ['visit', 'reopen', 'visit']);
    assert.deepEqual(warnings(), []);
  });

  it('another page than ours is told, with what to do, and no step helps', async () => {
    meets = () => new SnugError('VISIT_PAGE', 'another relay or program answers there');
    becomes('published');
    await clock.pass(60 * MINUTE);
    assert.deepEqual(new Set(done), new Set(['visit']));
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0] ?? '', /another relay or program.*stop one of the two/);
  });

  it('a Tor that is not published for half an hour is restarted, not sooner', async () => {
    await clock.pass(29 * MINUTE);
    assert.deepEqual(done, []);
    await clock.pass(2 * MINUTE);
    assert.deepEqual(done, ['restart']);
    assert.deepEqual(warnings(), []);
  });

  it('not while others come in all the same, nor because somebody came before', async () => {
    becomes('published');
    await clock.pass(2 * MINUTE);
    visitors += 1;
    becomes('publishing');
    await clock.pass(29 * MINUTE);
    visitors += 1;
    await clock.pass(29 * MINUTE);
    assert.deepEqual(done, ['visit']);
    await clock.pass(4 * MINUTE);
    assert.deepEqual(done, ['visit', 'restart']);
  });

  it('a step that fails does not end the visits', async () => {
    reloadFails = true;
    meets = lost;
    becomes('published');
    await clock.pass(2 * MINUTE);
    assert.deepEqual(done.slice(-4), ['reload', 'visit', 'restart', 'visit']);
  });

  it('leaves no timer and no listener when it is stopped', async () => {
    becomes('published');
    await clock.pass(2 * MINUTE);
    await visits.stop();
    assert.equal(clock.waiting, 0);
    assert.equal(listeners.size, 0);
  });
});
