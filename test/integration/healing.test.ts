import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { askTor } from '../support/control-line.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { eventually } from '../support/wait.js';

/** Short, so that a trouble is met within seconds; a good visit takes less than one here. */
const TIMINGS = {
  tor: { command: 8000, pulse: 1000, stop: 1000, retryFirst: 500 },
  visits: {
    first: 500,
    settle: 2000,
    patience: 120_000,
    deadline: 20_000,
    every: [1000, 2000],
    retry: [2000, 4000],
  },
} as const;

describe('a relay whose Tor is broken', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  /** Lines of the log before the trouble. */
  let logged: number;

  const visits = async () => (await relay.status()).visits;
  const well = async () => (await visits())?.well ?? 0;
  const restarts = async () => (await relay.status()).tor?.restarts ?? 0;
  const pid = async () => {
    const { tor } = await relay.status();
    return (tor as { pid?: number } | undefined)?.pid ?? assert.fail('Tor has no process');
  };
  const since = (form: RegExp) => relay.lines.slice(logged).filter((line) => form.test(line));
  const steps = () =>
    since(/A step to heal/).map((line) => line.replace(/^.*A step to heal: /, ''));
  /** Waits for two visits more that go well: the first may have begun before the trouble. */
  const reachedAgain = async () => {
    const earlier = await well();
    await eventually('a visit that goes well', async () => {
      const status = await relay.status();
      return status.ready && (status.visits?.well ?? 0) >= earlier + 2 ? true : undefined;
    });
    assert.equal((await relay.status()).health, 'well');
  };

  before(async () => {
    network = await testNetwork();
    relay = await startRelay(network.include, '', undefined, TIMINGS);
  });
  after(async () => {
    await relay?.stop();
    await network?.stop();
  });
  beforeEach(async () => {
    await reachedAgain();
    logged = relay.lines.length;
  });

  it('visits itself, and its visits are no visitors', async () => {
    const { desk, visits: seen } = await relay.status();
    assert.equal(desk?.shown, 0);
    assert.ok((seen?.lastWellSeconds ?? 99) < 60);
    assert.match(String(await relay.ask('metrics')), /^snug_self_visits_well_total [1-9]/m);
  });

  it('Tor hangs: it is noticed while nothing else happens, and Tor is started anew', async () => {
    const [hanging, earlier] = [await pid(), await restarts()];
    process.kill(hanging, 'SIGSTOP');
    await eventually('a new Tor', async () => ((await restarts()) > earlier ? true : undefined));
    await reachedAgain();
    assert.notEqual(await pid(), hanging);
    assert.equal(since(/^warning.*did not answer within/).length, 1);
  });

  it('Tor is killed: it is started anew, and no step is needed', async () => {
    const earlier = await restarts();
    process.kill(await pid(), 'SIGKILL');
    await eventually('a new Tor', async () => ((await restarts()) > earlier ? true : undefined));
    await reachedAgain();
    assert.equal(await restarts(), earlier + 1);
  });

  it('the onion service is gone from Tor: a reload brings it back, told once', async () => {
    const [same, earlier] = [await pid(), await restarts()];
    await askTor(join(relay.folder, 'run', 'tor'), 'RESETCONF HiddenServiceDir');
    await eventually('the ailment to be told', async () => (await visits())?.ailment);
    await reachedAgain();
    assert.deepEqual(steps(), ['new-circuits', 'reload']);
    assert.deepEqual([await pid(), await restarts()], [same, earlier]);
    assert.equal(since(/cannot reach itself/).length, 1);
    assert.equal(since(/reaches itself again/).length, 1);
  });

  it('the network is switched off behind our back: it is switched on at once', async () => {
    const [same, earlier] = [await pid(), await restarts()];
    await askTor(join(relay.folder, 'run', 'tor'), 'SETCONF DisableNetwork=1');
    await reachedAgain();
    assert.deepEqual([await pid(), await restarts()], [same, earlier]);
  });

  it('the socket behind the onion service is gone: it is opened again, Tor left alone', async () => {
    const [same, earlier] = [await pid(), await restarts()];
    await rm(join(relay.folder, 'run', 'site.sock'));
    await eventually('the step', () => (steps().length > 0 ? true : undefined));
    await reachedAgain();
    assert.deepEqual(steps(), ['reopen']);
    assert.deepEqual([await pid(), await restarts()], [same, earlier]);
    assert.equal(since(/^warning/).length, 0);
  });
});
