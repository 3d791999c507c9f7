import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Peer } from 'ssb-server';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { asError, type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';

function someFeed(): string {
  return `@${randomBytes(32).toString('base64')}.ed25519`;
}

describe('follow(feedId) by a member, over real Tor', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  let member: StockPeer;
  let rpc: Peer;

  const follow = (feed: unknown) =>
    new Promise((resolve, reject) =>
      rpc.follow(feed as string, (error, value) =>
        error ? reject(asError(error)) : resolve(value),
      ),
    );
  const members = async () => (await relay.status()).ssb?.members;

  before(async () => {
    network = await testNetwork();
    relay = await startRelay(network.include, '[members]\nmay_sponsor = 2\n');
    member = startPeer(join(relay.folder, 'member'), throughSocks(network.client.socks));
    const { code } = (await relay.ask('invite.create')) as { code: string };
    await member.redeem(code);
    rpc = await member.connect(code);
  });
  after(async () => {
    rpc?.close(true);
    await member?.close();
    await relay?.stop();
    await network?.stop();
  });

  it('its own id gives the existing follow, again and again', async () => {
    const expected = { contact: member.id, following: true };
    for (let i = 0; i < 3; i += 1) assert.deepEqual(await follow(member.id), expected);
    const published = await member.contacts(rpc, (await relay.status()).ssb?.id ?? '');
    assert.deepEqual(published, [member.id]);
  });

  it('what is no feed id, and a banned feed, give clear errors', async () => {
    await assert.rejects(follow('@nobody'), /not the id of an SSB feed/);
    await assert.rejects(follow(null), /not the id of an SSB feed/);
    const banned = someFeed();
    await relay.ask('ban', { feed: banned });
    await assert.rejects(follow(banned), /banned/);
    assert.equal(await members(), 1);
  });

  it('other feeds are followed up to members.may_sponsor, and then no more', async () => {
    const feeds = [someFeed(), someFeed(), someFeed()];
    const outcomes = await Promise.allSettled(feeds.map(follow));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2);
    assert.equal(await members(), 3);
    await assert.rejects(follow(someFeed()), /no more feeds/);
  });
});
