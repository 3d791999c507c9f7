import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { InviteDesk } from '../../src/invites/desk.js';
import { borrowLedger, importLedger, isLedgerRecord } from '../../src/invites/transfer.js';
import { MemoryGraph } from '../support/invites-graph.js';
import { deskOptions, keyOf, openDesk, someFeed, temporaryFolder } from '../support/invites-kit.js';

describe("the desk's records after a restore", () => {
  it('open codes of the backup are withdrawn, those made since are not', async (t) => {
    const folder = await temporaryFolder(t);
    const { desk } = await openDesk(t, deskOptions(folder));
    const old = await desk.create();
    await desk.beginDoubt();
    const fresh = await desk.create();
    await desk.beginDoubt();
    await desk.catchUp({ newer: true, words: [] });
    assert.equal(await desk.mayRedeem(keyOf(old.code)), false);
    assert.equal(await desk.mayRedeem(keyOf(fresh.code)), true);
    await desk.catchUp({ newer: false, words: [] });
    assert.equal(await desk.mayRedeem(keyOf(fresh.code)), true);
    await desk.catchUp({ newer: true, words: [] });
    assert.equal(await desk.mayRedeem(keyOf(fresh.code)), false);
  });

  it('a member that was removed after the backup is not followed again', async (t) => {
    const graph = new MemoryGraph();
    const { desk, reopen } = await openDesk(t, deskOptions(await temporaryFolder(t), { graph }));
    const feed = someFeed();
    const { code } = await desk.create();
    await desk.redeem(keyOf(code), feed);
    // The feed that came back says so; the records are older.
    await graph.unfollow(feed);
    await desk.catchUp({ newer: true, words: [[feed, 'none']] });
    await desk.reconcile();
    assert.equal(await graph.isFollowing(feed), false);
    const again = await reopen();
    await again.reconcile();
    assert.equal(await graph.isFollowing(feed), false);
    const { code: another } = await again.create();
    await again.redeem(keyOf(another), feed);
    assert.equal(await graph.isFollowing(feed), true);
  });

  it('a guest that was removed after the backup is not followed again, and its place is free', async (t) => {
    const graph = new MemoryGraph();
    const options = deskOptions(await temporaryFolder(t), { graph, maySponsor: 1 });
    const { desk, reopen } = await openDesk(t, options);
    const [member, guest] = [someFeed(), someFeed()];
    await graph.follow(member);
    await desk.sponsor(member, guest);
    await desk.beginDoubt();
    await graph.unfollow(guest);
    await desk.catchUp({ newer: true, words: [[guest, 'none']] });
    const said = graph.said.length;
    await desk.reconcile();
    for (let i = 0; i < 2; i += 1) await (await reopen()).reconcile();
    assert.deepEqual(graph.said.slice(said), []);
    const again = await reopen();
    await assert.rejects(again.sponsor(member, guest), { code: 'FEED_REMOVED' });
    assert.deepEqual(await again.sponsor(member, someFeed()), { already: false });
    await again.redeem(keyOf((await again.create()).code), guest);
    assert.equal(await graph.isFollowing(guest), true);
  });

  it('a ban spoken after the backup is in force, one lifted after it is not', async (t) => {
    const graph = new MemoryGraph();
    const { desk, reopen } = await openDesk(t, deskOptions(await temporaryFolder(t), { graph }));
    const [pardoned, bad] = [someFeed(), someFeed()];
    await desk.ban(pardoned);
    await desk.beginDoubt();
    await graph.unblock(pardoned);
    await graph.block(bad);
    await desk.catchUp({
      newer: true,
      words: [
        [pardoned, 'none'],
        [bad, 'block'],
      ],
    });
    await desk.reconcile();
    const said = graph.said.length;
    const check = async (now: InviteDesk) => {
      assert.equal(now.isBanned(pardoned), false);
      assert.equal(now.isBanned(bad), true);
      await now.reconcile();
    };
    await check(desk);
    await check(await reopen());
    assert.equal(graph.said.length, said, 'nothing is published that the feed said already');
  });

  it('lifting a ban that was spoken after the backup gives a member its place back, at once', async (t) => {
    const graph = new MemoryGraph();
    const options = deskOptions(await temporaryFolder(t), { graph });
    const { desk, reopen } = await openDesk(t, options);
    const [member, guest, removed, stranger] = [someFeed(), someFeed(), someFeed(), someFeed()];
    for (const feed of [member, removed]) {
      await desk.redeem(keyOf((await desk.create()).code), feed);
    }
    await desk.sponsor(member, guest);
    await desk.remove(removed, false);
    await desk.beginDoubt();
    const all = [member, guest, removed, stranger];
    for (const feed of all) await graph.block(feed);
    await desk.catchUp({ newer: true, words: all.map((feed) => [feed, 'block'] as const) });
    await desk.reconcile();
    for (const feed of all) await desk.unban(feed);
    const follows = () => Promise.all(all.map((feed) => graph.isFollowing(feed)));
    assert.deepEqual(await follows(), [true, true, false, false]);
    await (await reopen()).reconcile();
    assert.deepEqual(await follows(), [true, true, false, false]);
  });

  it('a removed member who came back after the backup stays', async (t) => {
    const graph = new MemoryGraph();
    const { desk } = await openDesk(t, deskOptions(await temporaryFolder(t), { graph }));
    const feed = someFeed();
    const { code } = await desk.create();
    await desk.redeem(keyOf(code), feed);
    await desk.remove(feed, false);
    await desk.beginDoubt();
    await graph.follow(feed);
    await desk.catchUp({ newer: true, words: [[feed, 'follow']] });
    await desk.reconcile();
    assert.equal(await graph.isFollowing(feed), true);
  });

  it('what the operator does while the relay waits outweighs what comes back', async (t) => {
    const graph = new MemoryGraph();
    const { desk, reopen } = await openDesk(t, deskOptions(await temporaryFolder(t), { graph }));
    const [banned, pardoned] = [someFeed(), someFeed()];
    await desk.ban(pardoned);
    await desk.beginDoubt();
    graph.failure = new Error('nothing is published now');
    await assert.rejects(desk.ban(banned), { code: 'BLOCK_FAILED' });
    await assert.rejects(desk.unban(pardoned), { code: 'BLOCK_FAILED' });
    const again = await reopen();
    await again.beginDoubt();
    graph.failure = undefined;
    await again.catchUp({
      newer: true,
      words: [
        [banned, 'follow'],
        [pardoned, 'block'],
      ],
    });
    await again.reconcile();
    assert.equal(await graph.isBlocking(banned), true);
    assert.equal(await graph.isBlocking(pardoned), false);
  });

  it('are the same in the database that is made of them', async (t) => {
    const folder = await temporaryFolder(t);
    const { desk } = await openDesk(t, deskOptions(join(folder, 'one')));
    const { code } = await desk.create({ note: 'for Ben' });
    const banned = someFeed();
    await desk.ban(banned);
    const records = await desk.export();
    assert.ok(records.every(isLedgerRecord));
    await importLedger(join(folder, 'two'), records);
    const copy = await borrowLedger(join(folder, 'two'));
    assert.deepEqual(await copy.records(), records);
    await copy.close();
    const { desk: second } = await openDesk(t, deskOptions(join(folder, 'two')));
    assert.equal(await second.mayRedeem(keyOf(code)), true);
    assert.equal(second.isBanned(banned), true);
  });

  it('what is no record is not taken for one', () => {
    for (const value of [null, 'x', [], ['!a!b'], ['!a!b', 3], ['a', '{}'], ['!a!', '{}']]) {
      assert.equal(isLedgerRecord(value), false, JSON.stringify(value));
    }
    assert.equal(isLedgerRecord(['!a!b', 'x'.repeat(17_000_000)]), false);
    assert.equal(isLedgerRecord(['!bans!@x', '{}']), true);
  });
});
