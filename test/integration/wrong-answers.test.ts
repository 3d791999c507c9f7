import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { askOnion, cookieOf } from '../support/onion-http.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { type Dial, throughSocks } from '../support/ssb-peer.js';

const ATTEMPTS = 100;
const AT_A_TIME = 10;

describe('riddles over real Tor', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  let dial: Dial;
  let form: string;

  before(async () => {
    network = await testNetwork();
    relay = await startRelay(network.include, '[invites]\nburst = 2\nper_hour = 1\n');
    dial = throughSocks(network.client.socks, { isolate: true });
    form = `${(await relay.status()).site}/invite/invite-captcha-reponse`;
  });
  after(async () => {
    await relay?.stop();
    await network?.stop();
  });

  const riddle = async () =>
    cookieOf(await askOnion(dial, `${(await relay.status()).site}/invite/`));
  const invites = async () => (await relay.ask('invite.list')) as unknown[];

  it(`${ATTEMPTS} wrong answers mint nothing`, async () => {
    for (let done = 0; done < ATTEMPTS; done += AT_A_TIME) {
      const statuses = await Promise.all(
        Array.from({ length: AT_A_TIME }, async () => {
          const cookie = await riddle();
          return (await askOnion(dial, form, { cookie, form: { captcha: 'wrong!' } })).status;
        }),
      );
      assert.deepEqual(statuses, Array(AT_A_TIME).fill(422));
    }
    assert.equal((await relay.status()).desk?.wrong, ATTEMPTS);
    assert.deepEqual(await invites(), []);
  });

  it('right answers get codes until the budget is used up, and then none', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      const cookie = await riddle();
      const captcha = relay.answers.at(-1) ?? '';
      const answer = await askOnion(dial, form, { cookie, form: { captcha } });
      statuses.push(answer.status);
      if (answer.status === 429) assert.ok(Number(answer.headers['retry-after']) > 0);
    }
    assert.deepEqual(statuses, [200, 200, 429, 429]);
    assert.equal((await invites()).length, 2);
  });

  it('nothing about visitors, codes or answers is in the log', () => {
    const log = relay.lines.join('\n');
    assert.doesNotMatch(log, /circuit:? ?\d|snug=s|~[A-Za-z0-9+/]{43}=/);
    for (const answer of relay.answers) assert.ok(!log.includes(answer));
  });
});
