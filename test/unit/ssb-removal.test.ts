import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Callback, SignedValue } from 'ssb-server';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import type { StockPeer } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const DEADLINE_MS = 120_000;

/** Some other member, connected, who has a copy of Ada's feed to pass on. */
describe('the end of a membership', () => {
  let house: SsbHouse;
  let ada: SignedFeed;
  let id: FeedId;
  let ben: StockPeer;

  const open = async (hops: number) => {
    house = await openSsbHouse({}, { hops });
    await house.relay.follow(id);
    ben = house.peer();
    await ben.redeem(house.code());
    await ben.publish({ type: 'contact', contact: id, following: true });
    await ben.connect(house.code());
  };
  const benHears = (value: SignedValue) =>
    new Promise<void>((resolve, reject) => {
      const { add } = ben.server as unknown as {
        add(value: SignedValue, cb: Callback<void>): void;
      };
      add(value, (error) => (error ? reject(error) : resolve()));
    });
  const relayHas = async (feed: FeedId, sequence: number) =>
    eventually(
      `message ${sequence} of ${feed}`,
      async () => ((await house.relay.feed(feed)).sequence >= sequence ? true : undefined),
      DEADLINE_MS,
    );
  /** Something later of Ben's own has come, so Ada's would have come too. */
  const benPassesOnWhatHeHas = async () => {
    const { value } = await ben.publish({ type: 'post', text: 'good evening' });
    await relayHas(parseFeedId(ben.id), value.sequence);
  };

  beforeEach(() => {
    ada = new SignedFeed();
    id = parseFeedId(ada.id);
  });
  afterEach(() => house.close());

  it('is published as the end of a follow, and is no block', async () => {
    await open(1);
    await house.relay.unfollow(id);
    assert.equal(await house.relay.isFollowing(id), false);
    assert.equal(await house.relay.isBlocking(id), false);
    const members = (await house.relay.feeds()).map(({ feed }) => feed);
    assert.deepEqual(members, [ben.id]);
  });

  it('hangs up on the feed and shuts the door', async () => {
    await open(1);
    const rpc = await ben.connect(house.code());
    const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
    await house.relay.unfollow(parseFeedId(ben.id));
    await closed;
    await assert.rejects(ben.connect(house.code()), /phase 3|hung up/);
  });

  it('ends replication of a feed that nobody here follows any more', async () => {
    await open(1);
    await benHears(ada.post('one').value);
    await relayHas(id, 1);
    await house.relay.unfollow(id);
    await benHears(ada.post('two').value);
    await benPassesOnWhatHeHas();
    assert.equal((await house.relay.feed(id)).sequence, 1);
  });

  it('leaves a feed within reach that a member follows; a ban does not', async () => {
    await open(2);
    await house.relay.unfollow(id);
    await benHears(ada.post('one').value);
    await relayHas(id, 1);
    await house.relay.block(id);
    await benHears(ada.post('two').value);
    await benPassesOnWhatHeHas();
    assert.equal((await house.relay.feed(id)).sequence, 1);
  });
});
