import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Bridge, remote, type Served, served } from '../../src/ssb/bridge.js';
import { SnugError, withCauses } from '../../src/support/errors.js';

describe('the bridge between two threads', () => {
  let channel: MessageChannel;
  beforeEach(() => {
    channel = new MessageChannel();
  });
  afterEach(() => {
    channel.port1.close();
    channel.port2.close();
  });

  function bridges(there: Served, here: Served = {}, mostWaiting?: number): [Bridge, Bridge] {
    return [new Bridge(channel.port1, here, mostWaiting), new Bridge(channel.port2, there)];
  }

  it('carries calls in both directions, also while one is under way', async () => {
    const [here, there] = bridges(
      { follow: async (feed: string) => `${feed} ${await there.call('mayRedeem', feed)}` },
      { mayRedeem: (feed: string) => Promise.resolve(feed === 'a') },
    );
    assert.deepEqual(await Promise.all([here.call('follow', 'a'), here.call('follow', 'b')]), [
      'a true',
      'b false',
    ]);
  });

  it('keeps what an error of ours says to people and to code', async () => {
    const [here] = bridges({
      refuse() {
        throw new SnugError('SOCKET_IN_USE', 'Somebody listens there.', { hint: 'Stop it.' });
      },
    });
    await assert.rejects(here.call('refuse'), (error) => {
      assert.ok(error instanceof SnugError);
      assert.equal(error.code, 'SOCKET_IN_USE');
      assert.equal(error.message, 'Somebody listens there.');
      assert.equal(error.hint, 'Stop it.');
      return true;
    });
  });

  it('tells the causes of an error in words', async () => {
    const cause = new Error('it is not written', { cause: new Error('ENOSPC') });
    const [here] = bridges({
      ours: () => Promise.reject(new SnugError('FOLLOW_FAILED', 'No follow.', { cause })),
      other: () => Promise.reject(new Error('No follow.', { cause })),
    });
    for (const name of ['ours', 'other']) {
      await assert.rejects(here.call(name), (error) => {
        assert.equal(withCauses(error), 'No follow. (it is not written (ENOSPC))');
        return true;
      });
    }
  });

  it('passes on the message of any other error, but no code of the system', async () => {
    const fault = Object.assign(new Error('it broke'), { code: 'ENOENT' });
    const [here] = bridges({ fail: () => Promise.reject(fault) });
    await assert.rejects(here.call('fail'), (error) => {
      assert.ok(error instanceof Error && !(error instanceof SnugError));
      assert.equal(error.message, 'it broke');
      assert.equal('code' in error, false);
      return true;
    });
  });

  it('calls nothing that is not served, were it a property of every object', async () => {
    const [here] = bridges({ follow: () => 1 });
    await assert.rejects(here.call('toString'), /unknown "toString"/);
    await assert.rejects(here.call('constructor'), /unknown "constructor"/);
  });

  it('refuses what cannot be copied, in arguments and in results, and goes on', async () => {
    const [here] = bridges({ give: () => () => 1, echo: (value: unknown) => value });
    await assert.rejects(
      here.call('echo', () => 1),
      /could not be cloned/,
    );
    await assert.rejects(here.call('give'), /could not be cloned/);
    assert.deepEqual(await here.call('echo', { a: [1] }), { a: [1] });
  });

  it('refuses a call when too many wait already, and takes one again after that', async () => {
    let answer: (value: number) => void = () => undefined;
    const slow = () =>
      new Promise<number>((resolve) => {
        answer = resolve;
      });
    const [here] = bridges({ slow, quick: () => 2 }, {}, 2);
    const waiting = [here.call('slow'), here.call('quick')];
    await assert.rejects(here.call('quick'), { code: 'BRIDGE_FULL' });
    assert.equal(await waiting[1], 2);
    answer(1);
    assert.equal(await waiting[0], 1);
    assert.equal(await here.call('quick'), 2);
  });

  it('rejects what waits, and everything later, once it is closed', async () => {
    const [here] = bridges({ never: () => new Promise(() => undefined) });
    const waiting = here.call('never');
    here.close(new SnugError('SSB_DIED', 'SSB ended by itself.'));
    await assert.rejects(waiting, { code: 'SSB_DIED' });
    await assert.rejects(here.call('never'), { code: 'SSB_DIED' });
  });

  it('gives an object of the other thread the methods that are named, and no other', async () => {
    const counter = {
      step: 2,
      add(value: number) {
        return value + this.step;
      },
      secret: () => 'no',
    };
    const [here] = bridges(served(() => counter, ['add']));
    const far = remote<typeof counter, 'add'>(here, ['add']);
    assert.equal(await far.add(3), 5);
    assert.deepEqual(Object.keys(far), ['add']);
    await assert.rejects(here.call('secret'), /unknown "secret"/);
  });

  it('delivers what is only told before the answer that follows it', async () => {
    const heard: string[] = [];
    const [here, there] = bridges(
      {
        work() {
          there.tell('status', 'changed');
          return 'done';
        },
      },
      { status: (text: string) => heard.push(text) },
    );
    assert.equal(await here.call('work'), 'done');
    assert.deepEqual(heard, ['changed']);
  });
});
