import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Callback, Peer } from 'ssb-server';
import { CODE_PERMISSIONS, MEMBER_PERMISSIONS } from '../../src/ssb/permissions.js';
import { SnugError } from '../../src/support/errors.js';
import { parseFeedId } from '../../src/support/feed-id.js';
import { PlainClient } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import { asError, readCode } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const REFUSED_AT_THE_DOOR = /phase 3|hung up/;
const NOT_ALLOWED = /is not in list of allowed methods/;

function call<T>(method: (cb: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) =>
    method((error, value) => (error ? reject(asError(error)) : resolve(value))),
  );
}

/** The connection of a code's key, before it is redeemed. */
function asCode(house: SsbHouse, code: string): Promise<Peer> {
  const { host, port, key, seed } = readCode(code);
  return new Promise((resolve, reject) =>
    house
      .peer()
      .server.connect(`onion:${host}:${port}~shs:${key}:${seed}`, (error, peer) =>
        peer ? resolve(peer) : reject(error),
      ),
  );
}

describe('who comes in', () => {
  let house: SsbHouse;
  beforeEach(async () => {
    house = await openSsbHouse();
  });
  afterEach(() => house.close());

  it('a stranger is refused at the handshake, and nothing of it is logged', async () => {
    const peer = house.peer();
    await assert.rejects(peer.connect(house.code()), REFUSED_AT_THE_DOOR);
    assert.deepEqual(house.lines, []);
    assert.equal(house.relay.status().arrivals, 0);
  });

  it('whoever comes in is counted, each time', async () => {
    const peer = house.peer();
    const code = house.code();
    await peer.redeem(code);
    assert.equal(house.relay.status().arrivals, 1);
    await peer.connect(code);
    assert.equal(house.relay.status().arrivals, 2);
  });

  it('nobody comes in with a key that is no open code', async () => {
    const code = house.code();
    await house.peer().redeem(code);
    await assert.rejects(house.peer().redeem(code), REFUSED_AT_THE_DOOR);
  });

  it("a code's key may redeem and ask for the address, and nothing else", async () => {
    const rpc = await asCode(house, house.code());
    assert.equal(await call((cb) => rpc.getAddress(cb)), house.relay.address);
    await assert.rejects(
      call((cb) => rpc.manifest(cb)),
      NOT_ALLOWED,
    );
    await assert.rejects(
      call((cb) => rpc.follow('@x', cb)),
      NOT_ALLOWED,
    );
    await assert.rejects(house.peer().history(rpc, house.relay.id), NOT_ALLOWED);
    rpc.close(true);
  });

  it('a refusal does not tell the folders of this machine', async () => {
    const rpc = await asCode(house, house.code());
    const sent = await new Promise((resolve) => rpc.manifest((error) => resolve(error)));
    assert.match(JSON.stringify(sent), NOT_ALLOWED);
    assert.doesNotMatch(JSON.stringify(sent), /stack|permissions\.js/);
    rpc.close(true);
  });

  it('a member may read feeds and follow, but not publish or change the relay', async () => {
    const peer = house.peer();
    const code = house.code();
    await peer.redeem(code);
    const rpc = await peer.connect(code);
    assert.equal((await peer.history(rpc, house.relay.id)).length, 1);
    await call((cb) => rpc.follow(peer.id, cb));
    for (const method of ['publish', 'add', 'del', 'rebuild', 'auth'] as const) {
      await assert.rejects(
        call((cb) => rpc[method]('x', cb)),
        NOT_ALLOWED,
        method,
      );
    }
    rpc.close(true);
  });

  it('a ban hangs up on a member and keeps it out', async () => {
    const peer = house.peer();
    const code = house.code();
    await peer.redeem(code);
    const rpc = await peer.connect(code);
    const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
    house.banned.add(parseFeedId(peer.id));
    await house.relay.block(parseFeedId(peer.id));
    await closed;
    await assert.rejects(peer.connect(code), REFUSED_AT_THE_DOOR);
  });

  it('a public block alone keeps a feed out too', async () => {
    const peer = house.peer();
    const code = house.code();
    await peer.redeem(code);
    await house.relay.block(parseFeedId(peer.id));
    await assert.rejects(peer.connect(code), REFUSED_AT_THE_DOOR);
    assert.equal(await house.relay.isFollowing(parseFeedId(peer.id)), false);
  });

  it("the relay's key and socket are nobody else's", () => {
    const secret = join(house.folder, 'relay', 'secret');
    assert.equal(statSync(secret).mode & 0o777, 0o600);
    assert.equal(statSync(house.socket).mode & 0o777, 0o600);
    assert.ok(readdirSync(join(house.folder, 'relay')).every((name) => !name.endsWith('.new')));
  });
});

describe('redeeming over muxrpc', () => {
  it('the client hears what the gate says, in its words', async () => {
    const house = await openSsbHouse({
      redeem: () => Promise.reject(new SnugError('FEED_BANNED', 'This feed is banned here.')),
    });
    await assert.rejects(house.peer().redeem(house.code()), /^Error: This feed is banned here\.$/);
    await house.close();
  });

  const cause = new Error('ENOSPC /var/lib/snug/secret-folder');
  for (const fault of [
    cause,
    new SnugError('STATE_FAILED', 'The database in /home/ada fails.', { cause }),
    new SnugError('FOLLOW_FAILED', 'The relay could not publish its follow.', { cause }),
  ]) {
    it(`a fault inside the relay is logged and not explained to the client: ${fault.message}`, async (t) => {
      const fail = () => Promise.reject(fault);
      const house = await openSsbHouse({ redeem: fail, sponsor: fail });
      t.after(() => house.close());
      const told = /^Error: The relay could not do this now; try again later\.$/;
      await assert.rejects(house.peer().redeem(house.code()), told);
      const member = house.peer();
      await house.relay.follow(parseFeedId(member.id));
      const rpc = await member.connect(house.code());
      await assert.rejects(
        call((cb) => rpc.follow(member.id, cb)),
        told,
      );
      const logged = house.lines.filter((line) => line.includes(fault.message));
      assert.equal(logged.length, 2);
      for (const line of logged) assert.match(line, /^error: .*ENOSPC/);
    });
  }

  it('a client that does not hang up after its code is redeemed is hung up on', async () => {
    const house = await openSsbHouse();
    const rpc = await asCode(house, house.code());
    const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
    await call((cb) => rpc.invite.use({ feed: house.peer().id }, cb));
    await closed;
    await house.close();
  });

  it("a code's key that redeems nothing is hung up on, but not while it redeems", async () => {
    let redeemed = () => {};
    const redeem = new Promise<{ already: boolean }>((resolve) => {
      redeemed = () => resolve({ already: false });
    });
    const house = await openSsbHouse({ redeem: () => redeem }, { redeemMs: 2000 });
    // Before the connection, from which on the time runs: a peer takes some of it to be made.
    const { id } = house.peer();
    const slow = await asCode(house, house.code());
    const used = call((cb) => slow.invite.use({ feed: id }, cb));
    // Its time is over after that of the first.
    const idle = await asCode(house, house.code());
    await new Promise<void>((resolve) => idle.once('closed', resolve));
    assert.equal(slow.closed, false);
    redeemed();
    assert.deepEqual(await used, { type: 'contact', contact: id, following: true });
    await house.close();
  });

  it('the follow is published before the client hears yes', async () => {
    const house = await openSsbHouse();
    const peer = house.peer();
    await peer.redeem(house.code());
    assert.equal(await house.relay.isFollowing(parseFeedId(peer.id)), true);
    await house.close();
  });
});

describe('a key that connects again and again', () => {
  let house: SsbHouse;
  beforeEach(async () => {
    house = await openSsbHouse({}, { connections: 5 });
  });
  afterEach(() => house.close());

  const keys = {
    async member() {
      const feed = new SignedFeed();
      await house.relay.follow(parseFeedId(feed.id));
      return feed;
    },
    code: async () => SignedFeed.ofCode(house.code()),
  };
  for (const [who, { places }] of [
    ['member', MEMBER_PERMISSIONS],
    ['code', CODE_PERMISSIONS],
  ] as const) {
    const { most, givesWay } = places;
    it(`has ${most} places as a ${who}, where its ${givesWay} one gives way`, async () => {
      const feed = await keys[who]();
      const clients: PlainClient[] = [];
      for (let i = 0; i < most + 3; i += 1) {
        clients.push(await PlainClient.connect(house.socket, house.relay.id, feed));
      }
      const other = await PlainClient.connect(house.socket, house.relay.id, await keys.member());
      const request = other.ask({ id: other.feed.id });
      await eventually('an answer', () => other.replies(request).ended || undefined);
      const isOut = (i: number) => (givesWay === 'oldest' ? i < 3 : i >= most);
      const out = clients.filter((_, i) => isOut(i));
      await eventually('the cuts', () => out.every(({ socket }) => socket.closed) || undefined);
      assert.ok(clients.every(({ socket }, i) => isOut(i) || !socket.closed));
      for (const client of [other, ...clients]) client.close();
    });
  }
});

describe('a connection that misbehaves', () => {
  let house: SsbHouse;
  beforeEach(async () => {
    house = await openSsbHouse();
  });
  afterEach(() => house.close());

  it('without the line of Tor it is closed', async () => {
    const socket = connect(house.socket);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.end('GET / HTTP/1.1\r\n\r\n'.repeat(10));
    socket.resume();
    await closed;
    assert.equal(house.relay.status().connected, 0);
  });

  it('garbage in place of the handshake does not disturb others', async () => {
    const socket = connect(house.socket);
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.write('PROXY TCP6 fc00:dead:beef:4dad::0:9 ::1 44 8008\r\n');
    socket.write(Buffer.alloc(4096, 7));
    await closed;
    await house.peer().redeem(house.code());
  });

  it('a member that sends what is no muxrpc is hung up on, and the relay goes on', async () => {
    const peer = house.peer();
    const code = house.code();
    await peer.redeem(code);
    const strange: [kind: string, name: unknown, args: unknown][] = [
      ['async', 7, []],
      ['async', null, []],
      ['async', {}, []],
      ['async', ['follow'], 'no list'],
      ['async', ['follow'], []],
      ['async', ['follow'], ['a', 'b']],
      ['async', ['blobs', 'has'], []],
      ['async', ['__proto__', 'constructor'], []],
      ['async', ['follow', 'hook'], ['x']],
      ['source', ['follow'], []],
      ['source', ['createHistoryStream'], {}],
      ['source', ['createHistoryStream'], [{ id: 7, seq: 'x' }]],
      ['duplex', ['ebt', 'replicate'], [null]],
      ['duplex', ['ebt', 'replicate'], [{ version: 99 }]],
    ];
    for (const [kind, name, args] of strange) {
      const rpc = await peer.connect(code);
      const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
      rpc.stream.remoteCall(kind, name, args, () => undefined);
      await Promise.race([closed, call((cb) => rpc.follow(peer.id, cb))]);
      rpc.close(true);
    }
    await house.peer().redeem(house.code());
  });

  it('a member that asks for follows without end is told to wait, and nobody else is', async () => {
    const [greedy, modest] = [house.peer(), house.peer()];
    const [code, other] = [house.code(), house.code()];
    await greedy.redeem(code);
    await modest.redeem(other);
    const rpcs = [await greedy.connect(code), await greedy.connect(code)];
    const calls = Array.from({ length: 500 }, (_, i) =>
      call((cb) => rpcs[i % 2]?.follow(modest.id, cb)),
    );
    const refused = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected');
    assert.ok(refused.length >= 400, `${refused.length} of 500 were refused`);
    const [first] = refused as PromiseRejectedResult[];
    assert.match(String(first?.reason), /Too many requests at once; ask again in a minute/);
    const rpc = await modest.connect(other);
    await call((cb) => rpc.follow(greedy.id, cb));
  });

  it('silent connections give way to new ones', async () => {
    const idle = Array.from({ length: 80 }, (_, i) => {
      const socket = connect(house.socket);
      socket.on('error', () => undefined);
      socket.write(`PROXY TCP6 fc00:dead:beef:4dad::0:${(i + 1).toString(16)} ::1 44 8008\r\n`);
      return socket.resume();
    });
    const peer = house.peer();
    await peer.redeem(house.code());
    await eventually('the oldest to be closed', () => (idle[0]?.closed ? true : undefined));
    for (const socket of idle) socket.destroy();
  });
});
