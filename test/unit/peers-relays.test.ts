import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Callback, Peer } from 'ssb-server';
import type { PeerStatus } from '../../src/ssb/peers/plan.js';
import type { Relay } from '../../src/ssb/relay.js';
import { asFeedId, parseFeedId } from '../../src/support/feed-id.js';
import { type Name, RelayPair } from '../support/relay-pair.js';
import { asError, type StockPeer } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const DEADLINE_MS = 120_000;
const NOT_ALLOWED = /is not in list of allowed methods/;

function state(relay: Relay): PeerStatus {
  const [peer] = relay.status().peers;
  return peer ?? assert.fail('no peer is listed');
}

function connected(relay: Relay): Promise<true> {
  return eventually(
    'the connection',
    () => (state(relay).state === 'connected' ? true : undefined),
    DEADLINE_MS,
  );
}

function call<T>(method: (cb: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) =>
    method((error, value) => (error ? reject(asError(error)) : resolve(value))),
  );
}

describe('relays that know each other', () => {
  let pair: RelayPair;
  beforeEach(async () => {
    pair = await RelayPair.make();
  });
  afterEach(() => pair.close());

  const both = async (): Promise<Record<Name, Relay>> => {
    const a = await pair.open('a', [pair.plan('b')]);
    const b = await pair.open('b', [pair.plan('a')]);
    return { a, b };
  };

  /** Waits until a member of one relay has read a message of somebody else from it. */
  const arrives = async (to: StockPeer, rpc: Peer, author: string, key: string) => {
    await eventually(
      'the post',
      async () => ((await to.history(rpc, author)).includes(key) ? true : undefined),
      DEADLINE_MS,
    );
  };

  it("carry posts of each other's members, in both directions, old and new", async () => {
    const { a, b } = await both();
    const [alice, bob] = await Promise.all([pair.member('a'), pair.member('b')]);
    const old = await alice.peer.publish({ type: 'post', text: 'before they met' });
    const toA = await alice.peer.connect(alice.code);
    const toB = await bob.peer.connect(bob.code);
    a.setOnline(true);
    b.setOnline(true);
    await arrives(bob.peer, toB, alice.peer.id, old.key);
    const fresh = await alice.peer.publish({ type: 'post', text: 'and after' });
    await arrives(bob.peer, toB, alice.peer.id, fresh.key);
    const answer = await bob.peer.publish({ type: 'post', text: 'good evening' });
    await arrives(alice.peer, toA, bob.peer.id, answer.key);
  });

  it('carry them though only one can be dialled, and whoever dials', async () => {
    const { b } = await both();
    const [alice, bob] = await Promise.all([pair.member('a'), pair.member('b')]);
    const toA = await alice.peer.connect(alice.code);
    const toB = await bob.peer.connect(bob.code);
    b.setOnline(true);
    const post = await alice.peer.publish({ type: 'post', text: 'dialled by the other one' });
    await arrives(bob.peer, toB, alice.peer.id, post.key);
    const answer = await bob.peer.publish({ type: 'post', text: 'and back' });
    await arrives(alice.peer, toA, bob.peer.id, answer.key);
    assert.deepEqual(pair.net.asked, [pair.place('a').host]);
  });

  it('publish nothing of it, and are no members of each other', async () => {
    const { a, b } = await both();
    a.setOnline(true);
    await Promise.all([connected(a), connected(b)]);
    const alice = await pair.member('a');
    const rpc = await alice.peer.connect(alice.code);
    const contacts = await alice.peer.contacts(rpc, a.id);
    assert.deepEqual(contacts, [alice.peer.id]);
    assert.equal(await a.isFollowing(b.id), false);
    assert.deepEqual([a.status().members, b.status().members], [1, 0]);
  });

  it('with hops 1 only what the other relay itself says is carried', async () => {
    const a = await pair.open('a', [pair.plan('b')]);
    const b = await pair.open('b', [pair.plan('a')], { hops: 1 });
    const alice = await pair.member('a');
    await alice.peer.publish({ type: 'post', text: 'too far' });
    await alice.peer.connect(alice.code);
    const bob = await pair.member('b');
    const toB = await bob.peer.connect(bob.code);
    a.setOnline(true);
    await eventually('the follow of the other relay', async () =>
      (await bob.peer.contacts(toB, a.id)).length > 0 ? true : undefined,
    );
    const reached = [b.id, a.id, bob.peer.id];
    assert.equal(b.status().reach, reached.length);
    assert.deepEqual(await bob.peer.history(toB, alice.peer.id), []);
  });

  it('carry members that come later, while the relays are connected', async () => {
    const { a, b } = await both();
    a.setOnline(true);
    await Promise.all([connected(a), connected(b)]);
    const bob = await pair.member('b');
    const toB = await bob.peer.connect(bob.code);
    const alice = await pair.member('a');
    await eventually('the follow of the new member', async () =>
      (await bob.peer.contacts(toB, a.id)).length > 0 ? true : undefined,
    );
    await alice.peer.connect(alice.code);
    const post = await alice.peer.publish({ type: 'post', text: 'I am new here' });
    await arrives(bob.peer, toB, alice.peer.id, post.key);
  });

  it('that dial each other at the same moment are left with one connection', async () => {
    const { a, b } = await both();
    const { release } = pair.net.hold();
    a.setOnline(true);
    b.setOnline(true);
    await eventually('both calls', () => (pair.net.asked.length === 2 ? true : undefined));
    release();
    await Promise.all([connected(a), connected(b)]);
    await eventually('one connection', () => (pair.net.open.size === 1 ? true : undefined));
    const since = [state(a).since, state(b).since];
    const alice = await pair.member('a');
    const bob = await pair.member('b');
    await alice.peer.connect(alice.code);
    const toB = await bob.peer.connect(bob.code);
    const post = await alice.peer.publish({ type: 'post', text: 'over the one that stayed' });
    await arrives(bob.peer, toB, alice.peer.id, post.key);
    assert.deepEqual([state(a).since, state(b).since, pair.net.open.size], [...since, 1]);
    assert.equal(pair.net.asked.length, 2, 'nobody dialled again');
  });

  it('a relay that has lost its connection and comes again takes the place of the old one', async () => {
    await pair.open('b', [pair.plan('a')]);
    const old = await pair.connectAs('a', 'b');
    const closed = new Promise<void>((resolve) => old.once('closed', resolve));
    const fresh = await pair.connectAs('a', 'b');
    await closed;
    await call((cb) => fresh.whoami(cb));
  });

  it('dial again when the other one comes back, and tell how it is meanwhile', async () => {
    const a = await pair.open('a', [pair.plan('b')]);
    assert.equal(state(a).state, 'offline');
    a.setOnline(true);
    await eventually('two attempts', () => (pair.net.asked.length > 1 ? true : undefined));
    await eventually('the reason', () => state(a).lastError, DEADLINE_MS);
    assert.match(state(a).lastError ?? '', /could not be reached through Tor/);
    const b = await pair.open('b', [pair.plan('a')]);
    await Promise.all([connected(a), connected(b)]);
    assert.equal(state(a).lastError, undefined);
    await pair.shut('b');
    await eventually('the loss', () => state(a).lastError, DEADLINE_MS);
    const again = await pair.open('b', [pair.plan('a')]);
    await Promise.all([connected(a), connected(again)]);
  });

  it('a relay that does not list the other one shuts its door, and is told so', async () => {
    const a = await pair.open('a', [pair.plan('b')]);
    await pair.open('b', []);
    a.setOnline(true);
    const why = await eventually('the reason', () => state(a).lastError, DEADLINE_MS);
    assert.match(why, /shut the door/);
  });

  it('a relay that follows the other one lets it in, as it does any member', async () => {
    const a = await pair.open('a', [pair.plan('b')]);
    const b = await pair.open('b', []);
    await b.follow(a.id);
    a.setOnline(true);
    await connected(a);
  });

  it('a wrong key in the address is no connection', async () => {
    const id = parseFeedId(`@${Buffer.alloc(32, 9).toString('base64')}.ed25519`);
    const a = await pair.open('a', [{ ...pair.plan('b'), id }]);
    await pair.open('b', [pair.plan('a')]);
    a.setOnline(true);
    assert.match(await eventually('why', () => state(a).lastError, DEADLINE_MS), /key/);
  });

  it('a ban outweighs the list: hung up on, not dialled, not let in, until it is lifted', async () => {
    const { a, b } = await both();
    a.setOnline(true);
    await Promise.all([connected(a), connected(b)]);
    const reach = a.status().reach;
    await a.block(b.id);
    await eventually('the end', () => (state(b).state === 'connected' ? undefined : true));
    assert.equal(state(a).state, 'banned');
    assert.ok(a.status().reach < reach);
    assert.equal(await a.isFollowing(b.id), false);
    const asked = pair.net.asked.length;
    b.setOnline(true);
    await eventually('a refusal', () => state(b).lastError, DEADLINE_MS);
    assert.ok(pair.net.asked.slice(asked).every((host) => host === pair.place('a').host));
    await a.unblock(b.id);
    await Promise.all([connected(a), connected(b)]);
    assert.equal(a.status().reach, reach);
    assert.equal(await a.isFollowing(b.id), false);
  });

  it('a ban outlasts a restart', async () => {
    const a = await pair.open('a', [pair.plan('b')]);
    await a.block(pair.place('b').id);
    await pair.shut('a');
    const again = await pair.open('a', [pair.plan('b')]);
    await eventually('the ban', () => (state(again).state === 'banned' ? true : undefined));
    again.setOnline(true);
    assert.equal(state(again).state, 'banned');
    assert.deepEqual(pair.net.asked, []);
  });

  it('a relay of the list may replicate, and not ask us to follow or worse', async () => {
    const { id } = pair.place('a');
    const b = await pair.open('b', [pair.plan('a')]);
    const asRelay = await pair.connectAs('a', 'b');
    for (const method of ['follow', 'publish', 'add', 'del', 'auth'] as const) {
      await assert.rejects(
        call((cb) => asRelay[method](id, cb)),
        NOT_ALLOWED,
        method,
      );
    }
    await call((cb) => asRelay.whoami(cb));
    assert.equal(await b.isFollowing(id), false);
  });

  it('nothing but the list is dialled, whatever messages say of pubs', async () => {
    const a = await pair.open('a', []);
    const alice = await pair.member('a');
    const rpc = await alice.peer.connect(alice.code);
    const { host, id } = pair.place('b');
    const address = { host, port: 8008, key: id };
    const said = await alice.peer.publish({ type: 'pub', address });
    const key = id.slice(1, -'.ed25519'.length);
    const line = `onion:${host}:8008~shs:${key}`;
    await alice.peer.publish({ type: 'pub', address: line });
    const last = await alice.peer.publish({ type: 'pub-owner-announce', pub: id, address: line });
    a.setOnline(true);
    await arrives(alice.peer, rpc, alice.peer.id, last.key);
    assert.ok((await alice.peer.history(rpc, alice.peer.id)).includes(said.key));
    await assert.rejects(a.connect(line), /Only relays of the configuration/);
    assert.deepEqual(pair.net.asked, []);
  });

  it('a relay that lists itself does not start, and the error says where', async () => {
    const own = { ...pair.plan('a'), line: 7 };
    await assert.rejects(pair.open('a', [own]), /line 7.* is this relay itself/);
    const other = asFeedId(`@${Buffer.alloc(32, 9).toString('base64')}.ed25519`);
    if (other === undefined) assert.fail('no id');
    await assert.rejects(pair.open('a', [{ ...own, id: other }]), /is this relay itself/);
  });
});
