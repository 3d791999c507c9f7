import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mintCode } from '../../src/ssb/code.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { Clock, deskOptions, MINUTE, openDesk, temporaryFolder } from '../support/invites-kit.js';
import { openSsbHouse, SOME_ONION } from '../support/ssb-house.js';
import { type Dial, type StockPeer, startPeer, throughUnixSocket } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

/** A relay with the real desk behind its door, and peers whose connections can be broken. */
async function setUp(t: TestContext) {
  const clock = new Clock();
  const house = await openSsbHouse();
  const open: StockPeer[] = [];
  // In one hook, because hooks run in the order in which they were given: peers write until they end.
  t.after(async () => {
    await Promise.all(open.map((peer) => peer.close()));
    await house.close();
  });
  const target = { host: SOME_ONION, port: 8008, relay: house.relay.id };
  const { relay } = house;
  const { desk } = await openDesk(
    t,
    deskOptions(await temporaryFolder(t), {
      graph: relay,
      now: clock.now,
      mint: (seed) => mintCode(target, seed),
    }),
  );
  relay.admit(desk);
  let peers = 0;
  const newPeer = () => {
    peers += 1;
    let last: Socket | undefined;
    const dial: Dial = async (...to) => {
      last = await throughUnixSocket(house.socket, peers)(...to);
      return last;
    };
    const peer = startPeer(join(house.folder, `client${peers}`), dial);
    open.push(peer);
    return { ...peer, breakOff: () => last?.destroy() };
  };
  const follows = async (feed: FeedId) => {
    const asker = newPeer();
    await asker.redeem((await desk.create()).code);
    const rpc = await asker.connect((await desk.create()).code);
    return (await asker.contacts(rpc, relay.id)).filter((contact) => contact === feed).length;
  };
  return { clock, desk, relay, newPeer, follows };
}

test('a client whose connection breaks before it hears "yes" asks again and hears that it is followed', async (t) => {
  const { clock, desk, relay, newPeer, follows } = await setUp(t);
  const { code } = await desk.create();
  const client = newPeer();
  const feed = parseFeedId(client.id);
  // The code is redeemed while the line is already dead, so the answer gets lost.
  const { redeem } = desk;
  desk.redeem = (key, value) => {
    client.breakOff();
    return redeem.call(desk, key, value);
  };
  await assert.rejects(client.redeem(code));
  desk.redeem = redeem;
  await eventually('the follow', async () => (await relay.isFollowing(feed)) || undefined, 20_000);

  await assert.rejects(client.redeem(code), /^Error: already following$/);
  await assert.rejects(newPeer().redeem(code), /used already/);
  clock.ms += 10 * MINUTE;
  await assert.rejects(client.redeem(code), /phase 3|hung up/);
  assert.equal(await follows(feed), 1);
});
