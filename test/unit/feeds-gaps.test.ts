import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parseFeedId } from '../../src/support/feed-id.js';
import { PlainClient } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import type { StockPeer } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const DEADLINE_MS = 120_000;

let house: SsbHouse;
afterEach(() => house.close());

/** What ssb-ebt tells of a feed: how far each peer has said that it is. */
interface Ebt {
  ebt: { peerStatus(feed: string): { peers: Record<string, { seq?: number }> } };
}

function untilRelayHas(feed: string, count: number): Promise<unknown> {
  const id = parseFeedId(feed);
  const has = async () => ((await house.relay.feed(id)).sequence === count ? true : undefined);
  return eventually(`message ${count} in the relay`, has, DEADLINE_MS);
}

describe('a relay whose log is older than what it has told a stock peer', () => {
  let peer: StockPeer;
  let code: string;

  async function write(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) await peer.publish({ type: 'post', text: 'x' });
  }

  async function visit(count: number): Promise<void> {
    const rpc = await peer.connect(code);
    await untilRelayHas(peer.id, count);
    const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
    rpc.close(true);
    await closed;
  }

  /** What the relay has last told the peer of its feed. */
  function said(): number | undefined {
    const { ebt } = peer.server as unknown as Ebt;
    try {
      return ebt.peerStatus(peer.id).peers[house.relay.id]?.seq;
    } catch {
      // It throws until it has its clock of the peer.
      return undefined;
    }
  }

  /** It has told the peer that it has 11 messages, and has 6. */
  beforeEach(async () => {
    house = await openSsbHouse();
    peer = house.peer();
    code = house.code();
    await write(6);
    await peer.redeem(code);
    await visit(6);
    const flume = join(house.folder, 'relay', 'flume');
    const old = join(house.folder, 'old');
    await house.restart({}, () => {
      mkdirSync(old);
      cpSync(join(flume, 'log.offset'), join(old, 'log.offset'));
    });
    await write(5);
    await visit(11);
    // At a first greeting it says how much it has.
    await house.restart();
    const rpc = await peer.connect(code);
    await eventually('its word', () => said() === 11 || undefined, DEADLINE_MS);
    rpc.close(true);
    await house.restart({}, () => {
      rmSync(flume, { recursive: true });
      cpSync(old, flume, { recursive: true });
    });
  });

  it('gets what it has lost, although the peer sends only what is newer', async () => {
    await peer.connect(code);
    await write(1);
    await untilRelayHas(peer.id, 12);
  });

  it('gets what it has lost also when the peer has nothing newer and sends nothing', async () => {
    await visit(11);
  });
});

it('a peer that sends what does not follow is asked once, and only for what is carried', async () => {
  house = await openSsbHouse();
  const [feed, stranger] = [new SignedFeed(), new SignedFeed()];
  await house.relay.follow(parseFeedId(feed.id));
  const client = await PlainClient.connect(house.socket, house.relay.id, feed);
  client.answer = [];
  const request = client.replicate({ [feed.id]: 20 << 1, [stranger.id]: 20 << 1 });
  await client.received(request, 1);
  for (let i = 10; i < 15; i += 1) {
    for (const author of [feed, stranger]) {
      client.sendOn(request, author.write({ type: 'x' }, 0, { sequence: i }).value);
    }
  }
  const asked = () => client.requests().filter(({ name }) => name === 'createHistoryStream');
  await eventually('the question', () => asked()[0], DEADLINE_MS);
  // Of a feed that begins here, so that it is judged after all of these.
  client.sendOn(request, feed.post('first').value);
  await untilRelayHas(feed.id, 1);
  const options = { id: feed.id, seq: 1, live: false, keys: false };
  assert.deepEqual(asked(), [{ name: 'createHistoryStream', options }]);
  client.close();
});
