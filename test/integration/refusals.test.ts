import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { answerTo, type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const AT_THE_DOOR = /hung up|phase 3/;

describe('codes over real Tor', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  const peers: StockPeer[] = [];

  const newPeer = (options = {}) => {
    const folder = join(relay.folder, `peer${peers.length}`);
    const peer = startPeer(folder, throughSocks(network.client.socks, options));
    peers.push(peer);
    return peer;
  };
  const newCode = async (params: object = {}) =>
    ((await relay.ask('invite.create', params)) as { code: string }).code;

  before(async () => {
    network = await testNetwork();
    relay = await startRelay(network.include);
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    await relay?.stop();
    await network?.stop();
  });

  it('50 parallel redemptions of one code give one follow', async () => {
    const code = await newCode();
    // One circuit may not open so many streams: Tor would close it.
    const peer = newPeer({ isolate: true });
    const attempts = Array.from({ length: 50 }, (_, i) =>
      peer.redeem(code, i % 2 === 0 ? peer.id : otherFeed(i)),
    );
    const outcomes = await Promise.allSettled(attempts);
    const reasons = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? 'yes' : String(outcome.reason),
    );
    assert.equal(reasons.filter((reason) => reason === 'yes').length, 1, reasons.join('; '));
    assert.equal((await relay.status()).ssb?.members, 1);
  });

  it('an expired code is refused', async () => {
    const code = await newCode({ days: 1 / 86_400 });
    await eventually('the code to expire', async () => {
      const invites = (await relay.ask('invite.list')) as { state: string }[];
      return invites.some(({ state }) => state === 'expired') ? true : undefined;
    });
    assert.match(await answerTo(newPeer(), code), AT_THE_DOOR);
  });

  it('a withdrawn code is refused', async () => {
    const { code, id } = (await relay.ask('invite.create')) as { code: string; id: string };
    await relay.ask('invite.revoke', { id });
    assert.match(await answerTo(newPeer(), code), AT_THE_DOOR);
  });

  it('a banned feed is refused with a fresh code, and the code stays good for another', async () => {
    const code = await newCode();
    const banned = newPeer();
    await relay.ask('ban', { feed: banned.id, reason: 'spam' });
    await assert.rejects(banned.redeem(code), /banned/);
    await newPeer().redeem(code);
  });

  for (const [what, feed] of [
    ['a string that is no feed id', 'hello'],
    ['a feed id of the wrong length', '@AAAA.ed25519'],
    ['a message id', `%${'A'.repeat(43)}=.sha256`],
    ['nothing', null],
    ['an object', { id: 'x' }],
  ] as const) {
    it(`${what} in place of a feed id is refused, and the code stays good`, async () => {
      const code = await newCode();
      await assert.rejects(newPeer().redeem(code, feed), /not the id of an SSB feed/);
      await newPeer().redeem(code);
    });
  }
});

function otherFeed(seed: number): string {
  return `@${Buffer.alloc(32, seed + 1).toString('base64')}.ed25519`;
}
