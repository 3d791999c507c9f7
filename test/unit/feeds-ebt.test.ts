import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Source } from 'pull-stream';
import type { Peer, SsbConfig, SsbServer } from 'ssb-server';
import type { Carrier } from '../../src/ssb/feeds/carrier.js';
import { ebtPlugin } from '../../src/ssb/feeds/ebt.js';
import { BoundedEpidemic } from '../../src/ssb/feeds/epidemic.js';
import { parseFeedId } from '../../src/support/feed-id.js';
import { PlainClient } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse } from '../support/ssb-house.js';
import { eventually } from '../support/wait.js';

it('feeds of another format are refused, and EBT of the classic ones goes on', async () => {
  const house = await openSsbHouse();
  try {
    const feed = new SignedFeed();
    await house.relay.follow(parseFeedId(feed.id));
    const client = await PlainClient.connect(house.socket, house.relay.id, feed);
    const classic = client.replicate({ [feed.id]: 2 }, { format: 'classic' });
    await client.received(classic, 1);
    const other = client.replicate({}, { format: 'bendybutt-v1' });
    await eventually('the refusal', () => client.replies(other).ended || undefined);
    client.sendOn(classic, feed.post('x').value);
    const taken = async () =>
      (await house.relay.feed(parseFeedId(feed.id))).sequence === 1 || undefined;
    await eventually('the message', taken);
    assert.equal(client.replies(classic).ended, false);
    client.close();
  } finally {
    await house.close();
  }
});

it('a peer that we dial is not asked in another way once it has answered by EBT', async () => {
  const calls: string[] = [];
  const feed = new SignedFeed();
  const epidemic = new BoundedEpidemic({
    id: new SignedFeed().id,
    ready: Promise.resolve(),
    read: () => undefined,
    take: () => undefined,
    serves: () => true,
    isPaused: () => false,
    onRefused: () => undefined,
    onEarly: () => undefined,
    onSilent: () => undefined,
  });
  const asking = { stop: () => calls.push('stop'), fallBack: () => calls.push('fall back') };
  const carrier = { epidemic, wires: { of: () => undefined }, askingOf: () => asking };
  let connected: (peer: Peer, isClient: boolean) => void = () => undefined;
  const server = {
    id: new SignedFeed().id,
    on: (_event: string, listener: typeof connected) => {
      connected = listener;
    },
  };
  ebtPlugin(carrier as unknown as Carrier).init(server as unknown as SsbServer, {} as SsbConfig);
  let answer: (end: null, packet: unknown) => void = () => undefined;
  const source: Source<unknown> = (abort, cb) => {
    if (!abort) answer = cb;
  };
  const peer = { id: feed.id, ebt: { replicate: () => ({ source, sink: () => undefined }) } };
  connected(peer as unknown as Peer, true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls, []);
  answer(null, {});
  assert.deepEqual(calls, ['stop']);
});
