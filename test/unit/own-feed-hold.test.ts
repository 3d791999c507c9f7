import assert from 'node:assert/strict';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import ssbKeys from 'ssb-keys';
import { type OwnFeedRecord, writeRecord } from '../../src/ssb/own/record.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { PlainClient } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import type { PeerOptions, StockPeer } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const SOON = { quietMs: 100, patienceMs: 3_600_000, doubtMs: 30_000 };
const DEADLINE_MS = 120_000;
const BEHIND = { code: 'OWN_FEED_BEHIND' };

function someFeed(): FeedId {
  return parseFeedId(ssbKeys.generate('ed25519').id);
}

/** A member that follows the relay, as ssb-client does, and so keeps the relay's feed. */
interface Member {
  readonly peer: StockPeer;
  readonly code: string;
}

describe('the own feed after a restore', () => {
  let house: SsbHouse;
  let ada: Member;

  const folder = () => join(house.folder, 'relay');
  const relayHas = async (sequence: number) => {
    await eventually(
      `own message ${sequence}`,
      () => (house.relay.status().ownFeed.sequence >= sequence ? true : undefined),
      DEADLINE_MS,
    );
  };
  const keyAt = ({ peer }: Member, sequence: number) =>
    eventually(
      `the member to have message ${sequence} of the relay`,
      () =>
        new Promise<string | undefined>((resolve) =>
          peer.server.getAtSequence([house.relay.id, sequence], (_error, message) =>
            resolve(message?.key),
          ),
        ),
      DEADLINE_MS,
    );
  const enter = async (options: PeerOptions = {}): Promise<Member> => {
    const member = { peer: house.peer(options), code: house.code() };
    await member.peer.publish({ type: 'contact', contact: house.relay.id, following: true });
    await member.peer.redeem(member.code);
    return member;
  };
  /** Something to say that makes nobody a member. */
  const speak = () => house.relay.unblock(someFeed());
  /** Everything but the key is lost; the record says what the backup knew. */
  const restore = (record: OwnFeedRecord) =>
    house.restart({ hold: SOON }, () => {
      rmSync(join(folder(), 'flume'), { recursive: true });
      writeRecord(folder(), record);
    });
  /** What the desk does once the feed is back. */
  const goOn = async () => {
    const news = await house.relay.untilOwnFeedBack();
    await house.relay.publishAgain();
    return news;
  };
  /** Lets a member fetch what the relay has said so far. */
  const visit = async (member: Member, sequence: number) => {
    const rpc = await member.peer.connect(member.code);
    await keyAt(member, sequence);
    rpc.close(true);
  };

  beforeEach(async () => {
    house = await openSsbHouse({}, { hold: SOON });
    ada = await enter();
    await speak();
    await visit(ada, 2);
  });
  afterEach(() => house.close());

  it('comes back from a member, and goes on unforked', async () => {
    const record = await house.relay.ownFeed();
    assert.equal(record.id, await keyAt(ada, 2));
    assert.deepEqual(record.members, [ada.peer.id]);
    await restore(record);
    await assert.rejects(speak(), BEHIND);
    assert.deepEqual(house.relay.status().ownFeed.held, { recorded: 2, heard: 0, of: 1 });
    const rpc = await ada.peer.connect(ada.code);
    assert.deepEqual(await goOn(), { newer: false, words: [] });
    assert.deepEqual(house.relay.status().ownFeed, { sequence: 2, forked: false });
    assert.equal(existsSync(join(folder(), 'own-feed.json')), false);
    await speak();
    assert.equal(await keyAt(ada, 3), (await house.relay.ownFeed()).id);
    rpc.close(true);
  });

  it('waits for what a member holds beyond an old backup', async () => {
    const record = await house.relay.ownFeed();
    const [bad, good] = [someFeed(), someFeed()];
    await house.relay.block(bad);
    await house.relay.follow(good);
    await house.relay.unfollow(good);
    await visit(ada, 5);
    await restore(record);
    await assert.rejects(speak(), BEHIND);
    const rpc = await ada.peer.connect(ada.code);
    const { newer, words } = await house.relay.untilOwnFeedBack();
    assert.equal(newer, true);
    assert.deepEqual(new Map(words), new Map([[bad, 'block'] as const, [good, 'none'] as const]));
    // Until the desk has taken note, nothing is published either.
    await assert.rejects(speak(), BEHIND);
    await house.relay.publishAgain();
    await speak();
    assert.equal(await keyAt(ada, 6), (await house.relay.ownFeed()).id);
    rpc.close(true);
  });

  it('asks also whoever became a member after the backup, and nobody else lets it in', async () => {
    const record = await house.relay.ownFeed();
    const ben = await enter();
    await visit(ben, 3);
    await restore(record);
    // To this relay he is a stranger, and the only one who has the newest message.
    const rpc = await ben.peer.connect(ben.code);
    await relayHas(3);
    await eventually('the stranger to be sent away', () => rpc.closed || undefined, DEADLINE_MS);
    await assert.rejects(speak(), BEHIND);
    const again = await ben.peer.connect(ben.code);
    await visit(ada, 3);
    assert.equal((await goOn()).newer, true);
    await speak();
    assert.equal(await keyAt(ben, 4), (await house.relay.ownFeed()).id);
    again.close(true);
  });

  it('strangers may call nothing', async () => {
    await restore(await house.relay.ownFeed());
    const stranger = house.peer();
    const rpc = await stranger.connect(ada.code);
    await assert.rejects(stranger.history(rpc, ada.peer.id), /not in list of allowed|closed|end/);
  });

  it('counts whom it has heard, and goes on when that is everybody', async () => {
    const ben = await enter();
    await visit(ada, 3);
    const record = await house.relay.ownFeed();
    await restore(record);
    const first = await ada.peer.connect(ada.code);
    await relayHas(3);
    await eventually(
      'one of two to be heard',
      () => (house.relay.status().ownFeed.held?.heard === 1 ? true : undefined),
      DEADLINE_MS,
    );
    await assert.rejects(speak(), BEHIND);
    const second = await ben.peer.connect(ben.code);
    await goOn();
    await speak();
    first.close(true);
    second.close(true);
  });

  it('after a long time, three are enough where not all come', async () => {
    const others = [await enter(), await enter(), await enter()];
    await visit(ada, 5);
    const record = await house.relay.ownFeed();
    assert.equal(record.members.length, 4);
    await house.restart({ hold: { ...SOON, patienceMs: 1000 } }, () => {
      rmSync(join(folder(), 'flume'), { recursive: true });
      writeRecord(folder(), record);
    });
    const heard = (count: number) =>
      eventually(
        `${count} to be heard`,
        () => ((house.relay.status().ownFeed.held?.heard ?? 0) >= count ? true : undefined),
        DEADLINE_MS,
      );
    const [ben, carl] = others;
    const rpcs = [await ada.peer.connect(ada.code)];
    if (ben !== undefined) rpcs.push(await ben.peer.connect(ben.code));
    await heard(2);
    await assert.rejects(speak(), BEHIND);
    if (carl !== undefined) rpcs.push(await carl.peer.connect(carl.code));
    await goOn();
    await speak();
    for (const rpc of rpcs) rpc.close(true);
  });

  it('a peer that claims more than there is holds it up for a moment only', async () => {
    const liar = new SignedFeed();
    liar.post('I have it all');
    await house.restart({ hold: { ...SOON, doubtMs: 2000 } });
    await house.relay.follow(parseFeedId(liar.id));
    const client = await PlainClient.connect(house.socket, house.relay.id, liar);
    // It leaves the question open.
    client.answer = [];
    client.replicate({ [house.relay.id]: 1_000_000 << 1 });
    await eventually(
      'the doubt',
      () => (house.relay.status().ownFeed.held === undefined ? undefined : true),
      DEADLINE_MS,
    );
    await assert.rejects(speak(), BEHIND);
    await eventually(
      'publishing',
      () =>
        speak().then(
          () => true,
          () => undefined,
        ),
      DEADLINE_MS,
    );
    // It has had its chance.
    client.replicate({ [house.relay.id]: 1_000_001 << 1 });
    await speak();
    client.close();
  });

  it('a restart goes on waiting', async () => {
    const record = await house.relay.ownFeed();
    await restore(record);
    const before = await ada.peer.connect(ada.code);
    await relayHas(2);
    before.close(true);
    await house.restart({ hold: SOON });
    await assert.rejects(speak(), BEHIND);
    const rpc = await ada.peer.connect(ada.code);
    await goOn();
    await speak();
    rpc.close(true);
  });

  it('refuses redemptions politely meanwhile, and leaves the code as it was', async () => {
    await restore(await house.relay.ownFeed());
    const guest = house.peer();
    const code = house.code();
    await assert.rejects(guest.redeem(code), /waits for its own messages.*try again later/);
    const rpc = await ada.peer.connect(ada.code);
    await goOn();
    await guest.redeem(code);
    rpc.close(true);
  });

  it('hangs up on a banned feed though the block cannot be published yet', async () => {
    await restore(await house.relay.ownFeed());
    const rpc = await ada.peer.connect(ada.code);
    await relayHas(2);
    await house.relay.setBanned(parseFeedId(ada.peer.id), true);
    await assert.rejects(house.relay.block(parseFeedId(ada.peer.id)), BEHIND);
    await eventually('the connection to end', () => rpc.closed || undefined, DEADLINE_MS);
  });

  it('neither serves nor takes in a banned feed though the block cannot be published yet', async () => {
    const [bad, good] = [new SignedFeed(), new SignedFeed()];
    const [badId, goodId] = [parseFeedId(bad.id), parseFeedId(good.id)];
    await house.relay.follow(badId);
    await house.relay.follow(goodId);
    const come = (feed: SignedFeed) => PlainClient.connect(house.socket, house.relay.id, feed);
    const has = (id: FeedId, sequence: number) =>
      eventually(
        `message ${sequence}`,
        async () => (await house.relay.feed(id)).sequence === sequence || undefined,
        DEADLINE_MS,
      );
    for (const [feed, id] of [[bad, badId] as const, [good, goodId] as const]) {
      feed.post('one');
      const client = await come(feed);
      client.ask({ id: feed.id, seq: 9, live: true });
      await has(id, 1);
      client.close();
    }
    const record = await house.relay.ownFeed();
    await house.restart({ hold: SOON }, () => writeRecord(folder(), record));
    await house.relay.setBanned(badId, true);
    const client = await come(good);
    const old = client.ask({ id: bad.id, seq: 1, live: false });
    await eventually('the answer', () => client.replies(old).ended || undefined, DEADLINE_MS);
    assert.deepEqual(client.replies(old).bodies, []);
    // By EBT, what others say of it is not listened to; their own feed is, which comes after it.
    const ebt = client.replicate({ [bad.id]: 2 << 1, [good.id]: 2 << 1 });
    client.sendOn(ebt, bad.post('two').value);
    client.sendOn(ebt, good.post('two').value);
    await has(goodId, 2);
    assert.equal((await house.relay.feed(badId)).sequence, 1);
    await house.relay.setBanned(badId, false);
    const again = client.ask({ id: bad.id, seq: 1, live: false });
    await client.received(again, 1);
    client.sendOn(ebt, { [bad.id]: 2 << 1 });
    client.sendOn(ebt, bad.messages[1]?.value);
    await has(badId, 2);
    client.close();
  });

  it('ends the wait when the operator says so', async () => {
    await restore(await house.relay.ownFeed());
    house.relay.giveUpWaiting();
    assert.equal((await goOn()).newer, true);
    await speak();
  });

  it('does not start on a damaged record', async () => {
    await assert.rejects(
      house.restart({}, () => writeFileSync(join(folder(), 'own-feed.json'), '{"sequence":')),
      { code: 'OWN_RECORD_DAMAGED' },
    );
    rmSync(join(folder(), 'own-feed.json'));
  });

  it('notices an old state folder that was copied back without a restore', async () => {
    const [now, old] = [join(folder(), 'flume'), join(folder(), 'old')];
    await house.restart({ hold: SOON }, () => cpSync(now, old, { recursive: true }));
    await speak();
    await speak();
    await visit(ada, 4);
    await house.restart({ hold: SOON }, () => {
      rmSync(now, { recursive: true });
      cpSync(old, now, { recursive: true });
    });
    const rpc = await ada.peer.connect(ada.code);
    await relayHas(4);
    await assert.rejects(speak(), BEHIND);
    assert.equal((await goOn()).newer, true);
    await speak();
    assert.equal(await keyAt(ada, 5), (await house.relay.ownFeed()).id);
    rpc.close(true);
  });
});
