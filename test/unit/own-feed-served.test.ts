import assert from 'node:assert/strict';
import { type FileHandle, open } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import ssbKeys from 'ssb-keys';
import { Sizes } from '../../src/ssb/feeds/sizes.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { PlainClient } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import { eventually } from '../support/wait.js';

function someFeed(): FeedId {
  return parseFeedId(ssbKeys.generate('ed25519').id);
}

/** Every datasync of this process waits until `release` is called, or fails. */
async function holdSyncs() {
  let release: (error?: Error) => void = () => undefined;
  const released = new Promise<Error | undefined>((resolve) => {
    release = resolve;
  });
  const some = await open('/dev/null');
  const all = Object.getPrototypeOf(some) as FileHandle;
  await some.close();
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const { datasync } = all;
  mock.method(all, 'datasync', async function (this: FileHandle) {
    reach();
    const error = await released;
    if (error !== undefined) throw error;
    await datasync.call(this);
  });
  return { reached, release };
}

/** Messages of the relay's own feed that have come, by their sequence, however they came. */
function ownThatCame(client: PlainClient, own: string): number[] {
  const values = client.packets.map(({ body }) => {
    const sent = body as { author?: string; sequence?: number; value?: typeof sent } | null;
    return sent?.value ?? sent;
  });
  return values.filter((value) => value?.author === own).map((value) => value?.sequence ?? 0);
}

describe('what peers are given of the own feed', () => {
  let house: SsbHouse;
  beforeEach(async () => {
    house = await openSsbHouse();
  });
  afterEach(async () => {
    mock.restoreAll();
    await house.close();
  });

  const member = async () => {
    const feed = new SignedFeed();
    await house.relay.follow(parseFeedId(feed.id));
    return PlainClient.connect(house.socket, house.relay.id, feed);
  };
  /** Whoever asks now for all there is has got it: what was sent before has come, too. */
  const allThatIsServed = async (client: PlainClient) => {
    const request = client.ask({ id: house.relay.id, seq: 1, live: false });
    await eventually('the end', () => client.replies(request).ended || undefined);
    return ownThatCame(client, house.relay.id);
  };

  it('is on the disk before', async () => {
    const [live, ebt] = [await member(), await member()];
    const { id } = house.relay;
    const request = live.ask({ id, seq: 2, live: true });
    await live.received(request, 1);
    ebt.replicate({ [id]: 1 << 1 });
    await eventually('message 2', () => ownThatCame(ebt, id).includes(2) || undefined);
    const syncs = await holdSyncs();
    const following = house.relay.follow(someFeed());
    await syncs.reached;
    assert.equal(house.relay.status().ownFeed.sequence, 3);
    for (const client of [live, ebt]) {
      assert.equal((await allThatIsServed(client)).includes(3), false);
    }
    syncs.release();
    await following;
    await live.received(request, 2);
    await eventually('message 3', () => ownThatCame(ebt, id).includes(3) || undefined);
    for (const client of [live, ebt]) client.close();
  });

  it('stays back after a failure of the disk until a later message is synced', async () => {
    const client = await member();
    const { id } = house.relay;
    const live = client.ask({ id, seq: 2, live: true });
    const syncs = await holdSyncs();
    const following = assert.rejects(house.relay.follow(someFeed()), /EIO/);
    await syncs.reached;
    syncs.release(new Error('EIO'));
    await following;
    assert.deepEqual(await allThatIsServed(client), [1]);
    mock.restoreAll();
    await house.relay.follow(someFeed());
    const sequences = (await client.received(live, 2)).map(
      (message) => (message as { value: { sequence: number } }).value.sequence,
    );
    assert.deepEqual(sequences, [2, 3]);
    client.close();
  });

  it('is synced after a start, for a crash may have left some to the kernel', async () => {
    const syncs = await holdSyncs();
    let isOpen = false;
    const opening = house.restart().then(() => {
      isOpen = true;
    });
    await Promise.race([syncs.reached, opening]);
    assert.equal(isOpen, false);
    syncs.release();
    await opening;
  });
});

it('nobody is let in before it is known what is in the log', async () => {
  const house = await openSsbHouse();
  const feed = new SignedFeed();
  await house.relay.follow(parseFeedId(feed.id));
  let known = false;
  const { follow } = Sizes.prototype;
  type Follow = Parameters<typeof follow>;
  mock.method(Sizes.prototype, 'follow', function (this: Sizes, ...[server, onLoaded]: Follow) {
    const later = () => {
      known = true;
      onLoaded();
    };
    // Long after it listens: as if the index of sizes had to be made anew from a large log.
    follow.call(this, server, () => setTimeout(later, 500));
  });
  await house.restart();
  mock.restoreAll();
  assert.equal(known, true);
  const client = await PlainClient.connect(house.socket, house.relay.id, feed);
  const request = client.ask({ id: house.relay.id, seq: 1, live: false });
  await client.received(request, 1);
  client.close();
  await house.close();
});
