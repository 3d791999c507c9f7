import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Message } from 'ssb-server';
import { parseFeedId } from '../../src/support/feed-id.js';
import { PlainClient } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import type { StockPeer } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const DEADLINE_MS = 120_000;
/** The client of docs/facts.md waits no longer for a byte. */
const IDLE_LIMIT_MS = 5000;

let house: SsbHouse;
beforeEach(async () => {
  house = await openSsbHouse();
});
afterEach(() => house.close());

/** A member that follows the others. */
async function member(ebt: boolean, follows: readonly string[] = []): Promise<StockPeer> {
  const peer = house.peer({ ebt });
  await peer.redeem(house.code());
  for (const contact of follows) {
    await peer.publish({ type: 'contact', contact, following: true });
  }
  return peer;
}

/** Connects, waits, and hangs up. */
async function visit(peer: StockPeer, until: () => Promise<boolean>): Promise<void> {
  const rpc = await peer.connect(house.code());
  const check = async () => ((await until()) ? true : undefined);
  await eventually('what the visit was for', check, DEADLINE_MS);
  const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
  rpc.close(true);
  await closed;
}

function knows(peer: StockPeer, feed: string): Promise<number> {
  return new Promise((resolve) =>
    peer.server.getVectorClock((_error, clock) => resolve(clock?.[feed] ?? 0)),
  );
}

async function relayHas(feed: string): Promise<number> {
  return (await house.relay.feed(parseFeedId(feed))).sequence;
}

async function plain(feed = new SignedFeed(), idleMs?: number): Promise<PlainClient> {
  if (!(await house.relay.isFollowing(parseFeedId(feed.id)))) {
    await house.relay.follow(parseFeedId(feed.id));
  }
  return PlainClient.connect(house.socket, house.relay.id, feed, idleMs);
}

for (const ebt of [true, false]) {
  const how = ebt ? 'by EBT' : 'by createHistoryStream';
  it(`two members exchange feeds ${how} without ever meeting`, async () => {
    const anna = await member(ebt);
    const bert = await member(ebt, [anna.id]);
    await anna.publish({ type: 'post', text: 'is anybody there?' });
    await anna.publish({ type: 'contact', contact: bert.id, following: true });
    await visit(anna, async () => (await relayHas(anna.id)) === 2);
    await visit(
      bert,
      async () => (await knows(bert, anna.id)) === 2 && (await relayHas(bert.id)) === 1,
    );
    await bert.publish({ type: 'post', text: 'yes' });
    await visit(bert, async () => (await relayHas(bert.id)) === 2);
    await visit(anna, async () => (await knows(anna, bert.id)) === 2);
  });
}

it('a post reaches a connected member as it is written', async () => {
  const anna = await member(true);
  const bert = await member(true, [anna.id]);
  await bert.connect(house.code());
  await anna.connect(house.code());
  await eventually('the follow', async () => ((await relayHas(bert.id)) === 1 ? true : undefined));
  for (let i = 1; i <= 200; i += 1) await anna.publish({ type: 'post', text: `${i}` });
  const all = async () => ((await knows(bert, anna.id)) === 200 ? true : undefined);
  await eventually('all posts', all, DEADLINE_MS);
});

describe('a client without EBT that answers with its whole feed', () => {
  it('is asked for its own feed only, and not before it has spoken', async () => {
    const feed = new SignedFeed();
    for (let i = 0; i < 5; i += 1) feed.post(`${i}`);
    const client = await plain(feed);
    await new Promise((resolve) =>
      client.socket.once('data', resolve).setTimeout(1000, resolve as () => void),
    );
    assert.deepEqual(client.packets, []);
    client.ask({ id: house.relay.id, seq: 1, limit: -1, keys: true, live: true });
    await eventually(
      'its feed',
      async () => ((await relayHas(feed.id)) === 5 ? true : undefined),
      DEADLINE_MS,
    );
    const asked = client.requests().filter(({ name }) => !name.startsWith('blobs.'));
    assert.deepEqual(asked, [
      { name: 'createHistoryStream', options: { id: feed.id, seq: 1, live: true, keys: true } },
    ]);
  });

  it('comes again with all of it, and what is new is taken', async () => {
    const feed = new SignedFeed();
    for (let i = 0; i < 3; i += 1) feed.post(`${i}`);
    for (const count of [3, 4]) {
      const client = await plain(feed);
      client.ask({ id: feed.id, seq: 1, live: true });
      await eventually(
        'it',
        async () => ((await relayHas(feed.id)) === count ? true : undefined),
        DEADLINE_MS,
      );
      client.close();
      feed.post('more');
    }
    const client = await plain(feed);
    client.answer = [...feed.messages.slice(2), ...feed.messages, ...feed.messages.slice(1)];
    client.ask({ id: feed.id, seq: 1, live: true });
    await eventually(
      'it',
      async () => ((await relayHas(feed.id)) === 5 ? true : undefined),
      DEADLINE_MS,
    );
    client.post('live');
    await eventually(
      'the live one',
      async () => ((await relayHas(feed.id)) === 6 ? true : undefined),
      DEADLINE_MS,
    );
  });

  it('gets a friend’s feed from a member on EBT, and the other way round', async () => {
    const feed = new SignedFeed();
    const anna = await member(true, [feed.id]);
    feed.follow(anna.id);
    const client = await plain(feed);
    const request = client.ask({ id: anna.id, seq: 1, limit: -1, keys: true, live: true });
    const rpc = await anna.connect(house.code());
    const [follow] = (await client.received(request, 1)) as Message[];
    assert.deepEqual(Object.keys(follow ?? {}), ['key', 'value', 'timestamp']);
    await eventually(
      'its feed',
      async () => ((await knows(anna, feed.id)) === 1 ? true : undefined),
      DEADLINE_MS,
    );
    await anna.publish({ type: 'post', text: 'hello' });
    client.post('hello yourself');
    await client.received(request, 2);
    await eventually(
      'live',
      async () => ((await knows(anna, feed.id)) === 2 ? true : undefined),
      DEADLINE_MS,
    );
    rpc.close(true);
  });

  it('hears something in time, in a form that muxrpc ignores, and does not hang up', async () => {
    const client = await plain(new SignedFeed(), IDLE_LIMIT_MS);
    const began = performance.now();
    client.ask({ id: house.relay.id, seq: 99, live: true });
    const pings = () => client.packets.filter((got) => got.request === 0);
    const long = () =>
      pings().length >= 3 && performance.now() - began > 2 * IDLE_LIMIT_MS ? true : undefined;
    await eventually('twice the limit', () => long() ?? (client.hungUp || undefined), DEADLINE_MS);
    assert.equal(client.hungUp, false);
    assert.deepEqual(pings()[0]?.body, []);
    assert.equal(pings()[0]?.stream, false);
    client.post('still here, and heard');
    await eventually(
      'its feed',
      async () => ((await relayHas(client.feed.id)) === 1 ? true : undefined),
      DEADLINE_MS,
    );
  });

  it('hangs up on a relay that stays silent, as this one is before it has spoken', async () => {
    const client = await plain(new SignedFeed(), IDLE_LIMIT_MS);
    await eventually('the hang-up', () => client.hungUp || undefined, DEADLINE_MS);
    await eventually(
      'the relay to notice',
      () => (house.relay.status().connected === 0 ? true : undefined),
      DEADLINE_MS,
    );
  });
});

describe('createHistoryStream', () => {
  let feed: SignedFeed;
  let client: PlainClient;
  beforeEach(async () => {
    feed = new SignedFeed();
    for (let i = 0; i < 100; i += 1) feed.post(`${i}`);
    client = await plain(feed);
    client.ask({ id: feed.id, seq: 1000, live: false });
    await eventually(
      'the feed',
      async () => ((await relayHas(feed.id)) === 100 ? true : undefined),
      DEADLINE_MS,
    );
  });
  afterEach(() => client.close());

  async function all(options: object): Promise<unknown[]> {
    const request = client.ask({ id: feed.id, ...options });
    await eventually(
      'its end',
      () => (client.replies(request).ended ? true : undefined),
      DEADLINE_MS,
    );
    return client.replies(request).bodies;
  }
  const sequences = (sent: unknown[]) => (sent as Message[]).map(({ value }) => value.sequence);
  const range = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

  it('starts with the sequence asked for, and that is included', async () => {
    assert.deepEqual(sequences(await all({})), range(1, 100));
    assert.deepEqual(sequences(await all({ seq: 0 })), range(1, 100));
    assert.deepEqual(sequences(await all({ seq: 40 })), range(40, 100));
    assert.deepEqual(sequences(await all({ sequence: 100 })), [100]);
    assert.deepEqual(sequences(await all({ seq: 101 })), []);
  });

  it('gives no more than the limit, live or not', async () => {
    assert.deepEqual(sequences(await all({ limit: 50 })), range(1, 50));
    assert.deepEqual(sequences(await all({ seq: 98, limit: 2, live: true })), [98, 99]);
    assert.deepEqual(sequences(await all({ limit: 0 })), []);
    assert.deepEqual(sequences(await all({ limit: -1, seq: 99 })), [99, 100]);
    const request = client.ask({ id: feed.id, seq: 100, limit: 2, live: true });
    await client.received(request, 1);
    client.post('one more');
    client.post('and one too many');
    await eventually(
      'its end',
      () => (client.replies(request).ended ? true : undefined),
      DEADLINE_MS,
    );
    assert.deepEqual(sequences(client.replies(request).bodies), [100, 101]);
  });

  it('gives messages as they are signed, with their keys unless these are not wanted', async () => {
    const [kept] = (await all({ seq: 7, limit: 1 })) as Message[];
    assert.equal(kept?.key, feed.messages[6]?.key);
    assert.equal(JSON.stringify(kept?.value), JSON.stringify(feed.messages[6]?.value));
    assert.equal(typeof (kept as { timestamp?: unknown } | undefined)?.timestamp, 'number');
    assert.deepEqual(await all({ seq: 7, limit: 1, keys: false }), [feed.messages[6]?.value]);
    assert.deepEqual(await all({ seq: 7, limit: 1, values: false }), [feed.messages[6]?.key]);
  });

  it('goes on live where the sequence asked for comes, and not before', async () => {
    const beyond = client.ask({ id: feed.id, seq: 102, live: true });
    const onlyNew = client.ask({ id: feed.id, live: true, old: false });
    client.post('101');
    client.post('102');
    assert.deepEqual(sequences(await client.received(onlyNew, 2)), [101, 102]);
    assert.deepEqual(sequences(await client.received(beyond, 1)), [102]);
  });

  it('knows nothing of feeds that it does not have, and waits for them if asked to', async () => {
    const other = new SignedFeed();
    other.post('first');
    assert.deepEqual(await all({ id: other.id }), []);
    const live = client.ask({ id: other.id, seq: 1, live: true });
    const second = await plain(other);
    second.ask({ id: other.id, seq: 1, live: true });
    assert.deepEqual(sequences(await client.received(live, 1)), [1]);
    second.close();
  });

  it('says no to what is no request, and goes on', async () => {
    for (const wrong of [{ id: 'x' }, { id: feed.id, seq: 'x' }, { id: feed.id, limit: {} }]) {
      const request = client.ask(wrong);
      const refused = () => client.packets.find((got) => got.request === -request && got.end);
      const packet = await eventually('a refusal', refused, DEADLINE_MS);
      assert.doesNotMatch(JSON.stringify(packet.body), /\.js/);
    }
    assert.equal((await all({ seq: 100 })).length, 1);
  });
});
