import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Peer } from 'ssb-server';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import type { StockPeer } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const DEADLINE_MS = 120_000;

let house: SsbHouse;
afterEach(() => house.close());

/** What ssb-ebt tells of a feed: how far each peer has said that it is; -1 refuses the feed. */
interface Ebt {
  ebt: { peerStatus(feed: string): { peers: Record<string, { seq?: number }> } };
}

/** What the relay has last said of a feed to a stock peer, as a sequence. */
function said(peer: StockPeer, feed: string): number | undefined {
  const { ebt } = peer.server as unknown as Ebt;
  try {
    return ebt.peerStatus(feed).peers[house.relay.id]?.seq;
  } catch {
    // It throws until it has its clock of the peer.
    return undefined;
  }
}

function untilKnown(peer: StockPeer, feed: string, sequence: number): Promise<unknown> {
  const known = () =>
    new Promise<true | undefined>((resolve) =>
      peer.server.getVectorClock((_error, clock) =>
        resolve(clock?.[feed] === sequence ? true : undefined),
      ),
    );
  return eventually(`message ${sequence}`, known, DEADLINE_MS);
}

function untilRelayHas(feed: FeedId, sequence: number): Promise<unknown> {
  const has = async () => ((await house.relay.feed(feed)).sequence === sequence ? true : undefined);
  return eventually(`message ${sequence} in the relay`, has, DEADLINE_MS);
}

/** A connected member that follows a feed; the relay has refused to carry that feed so far. */
async function waiting(feed: string): Promise<{ peer: StockPeer; rpc: Peer }> {
  const peer = house.peer();
  const code = house.code();
  await peer.redeem(code);
  await peer.publish({ type: 'contact', contact: feed, following: true });
  const rpc = await peer.connect(code);
  await eventually('no', () => (said(peer, feed) === -1 ? true : undefined), DEADLINE_MS);
  return { peer, rpc };
}

function post(peer: StockPeer): Promise<unknown> {
  return peer.publish({ type: 'post', text: 'late' });
}

describe('a connected stock peer gets at once a feed that it has asked for in vain', () => {
  it('when its author becomes a member, comes and goes on', async () => {
    house = await openSsbHouse({}, { hops: 1 });
    const carl = house.peer();
    await post(carl);
    const { peer: bert, rpc } = await waiting(carl.id);
    const code = house.code();
    await carl.redeem(code);
    await carl.connect(code);
    await untilKnown(bert, carl.id, 1);
    await post(carl);
    await untilKnown(bert, carl.id, 2);
    assert.equal(rpc.closed, false);
  });

  it('when its author becomes a member and writes only then', async () => {
    house = await openSsbHouse({}, { hops: 1 });
    const carl = house.peer();
    const { peer: bert, rpc } = await waiting(carl.id);
    const code = house.code();
    await carl.redeem(code);
    await carl.connect(code);
    await post(carl);
    await untilKnown(bert, carl.id, 1);
    assert.equal(rpc.closed, false);
  });

  it('when the relay has some of it from an earlier time', async () => {
    house = await openSsbHouse({}, { hops: 1 });
    const carl = house.peer();
    const id = parseFeedId(carl.id);
    const code = house.code();
    for (let i = 0; i < 3; i += 1) await post(carl);
    await carl.redeem(code);
    await carl.connect(code);
    await untilRelayHas(id, 3);
    await house.relay.block(id);
    await house.restart();
    await house.relay.unblock(id);
    const { peer: bert, rpc } = await waiting(carl.id);
    await house.relay.follow(id);
    await untilKnown(bert, carl.id, 3);
    assert.equal(rpc.closed, false);
  });

  it('and goes on where it was when a ban is lifted', async () => {
    house = await openSsbHouse({}, { hops: 1 });
    const carl = house.peer();
    const id = parseFeedId(carl.id);
    const { peer: bert, rpc } = await waiting(carl.id);
    const code = house.code();
    await carl.redeem(code);
    await carl.connect(code);
    await post(carl);
    await untilKnown(bert, carl.id, 1);
    await house.relay.block(id);
    await post(carl);
    await house.relay.unblock(id);
    await house.relay.follow(id);
    await carl.connect(code);
    await untilKnown(bert, carl.id, 2);
    assert.equal(rpc.closed, false);
  });
});
