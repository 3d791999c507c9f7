import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import pull from 'pull-stream';
import ssbBlobs from 'ssb-blobs';
import type { Peer } from 'ssb-server';
import { Relay, type RelayOptions } from '../../src/ssb/relay.js';
import { parseFeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { joinHouse, makePuppet, stopReading } from '../support/blob-peer.js';
import { collectBytes, endless, inSlices, makeBlob } from '../support/blobs.js';
import { heldBuffers } from '../support/memory.js';
import { PlainClient, packet } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, SOME_ONION, type SsbHouse } from '../support/ssb-house.js';
import { type StockPeer, startPeer, throughUnixSocket } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const run = promisify(execFile);
const KIB = 1024;
const MIB = 1024 * KIB;

function blobsOf(house: SsbHouse) {
  return house.relay.status().blobs;
}

function untilHeld(house: SsbHouse, count: number): Promise<unknown> {
  return eventually(
    `${count} blobs in the relay`,
    () => blobsOf(house).count === count || undefined,
  );
}

function untilWanted(house: SsbHouse, count: number): Promise<unknown> {
  return eventually(`${count} wants`, () => blobsOf(house).wanted === count || undefined);
}

describe("members' blobs", () => {
  let house: SsbHouse;
  beforeEach(async () => {
    house = await openSsbHouse();
  });
  afterEach(() => house.close());

  it('reach a member who never meets the one who posted them', async () => {
    const blobs = [1, 64 * KIB + 1, 3 * MIB + 1].map(makeBlob);
    const alice = await joinHouse(house);
    await alice.visit(async () => {
      for (const { id, bytes } of blobs) {
        assert.equal(await alice.add(bytes), id);
        await alice.push(id);
      }
      await untilHeld(house, 3);
    });
    const bob = await joinHouse(house);
    await bob.visit(async () => {
      for (const { id, bytes } of blobs) {
        await bob.want(id);
        assert.ok(bytes.equals(await collectBytes(bob.blob(id))));
      }
    });
  });

  it('of 64 kB, on which stock peers hang up, come and go all the same', async () => {
    const { id, bytes } = makeBlob(64 * KIB);
    const alice = await joinHouse(house);
    await alice.visit(async () => {
      await alice.add(bytes);
      await alice.push(id);
      await untilHeld(house, 1);
    });
    const bob = await joinHouse(house);
    await bob.visit(async (rpc) => {
      await bob.want(id);
      assert.equal(rpc.closed, false);
    });
  });

  it('are fetched when they come, for a member who asked and has gone', async () => {
    const { id, bytes } = makeBlob(200 * KIB);
    const bob = await joinHouse(house);
    const got = bob.want(id);
    await bob.visit(() => untilWanted(house, 1));
    const alice = await joinHouse(house);
    await alice.add(bytes);
    await alice.visit(() => untilHeld(house, 1));
    assert.equal(blobsOf(house).wanted, 0);
    await bob.visit(() => got);
  });

  it('pass through while both are there', async () => {
    const { id, bytes } = makeBlob(200 * KIB);
    const [alice, bob] = [await joinHouse(house), await joinHouse(house)];
    await Promise.all([alice.connect(), bob.connect()]);
    await alice.add(bytes);
    await bob.want(id);
    assert.ok(bytes.equals(await collectBytes(bob.blob(id))));
  });

  it('are not for the key of a code, and nothing is asked of it', async () => {
    const { id, bytes } = makeBlob(10);
    const alice = await joinHouse(house);
    await alice.add(bytes);
    await alice.push(id);
    await alice.visit(() => untilHeld(house, 1));
    const key = SignedFeed.ofCode(house.code());
    const client = await PlainClient.connect(house.socket, house.relay.id, key);
    const calls: [name: string, type: string, args: unknown[]][] = [
      ['get', 'source', [id]],
      ['createWants', 'source', []],
      ['has', 'async', [id]],
    ];
    for (const [i, [name, type, args]] of calls.entries()) {
      const flags = type === 'async' ? 2 : 10;
      client.send(packet(i + 1, flags, JSON.stringify({ name: ['blobs', name], type, args })));
    }
    const answers = () => client.packets.filter(({ request }) => request < 0);
    await eventually('the answers', () => answers().length === calls.length || undefined);
    for (const { end, body } of answers()) {
      assert.ok(end);
      assert.match(JSON.stringify(body), /is not in list of allowed methods/);
    }
    assert.deepEqual(client.requests(), []);
    client.close();
  });

  it('are no more for a member who is banned', async () => {
    const alice = await joinHouse(house);
    const rpc = await alice.connect();
    const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
    house.banned.add(parseFeedId(alice.peer.id));
    await house.relay.block(parseFeedId(alice.peer.id));
    await closed;
    await assert.rejects(alice.connect());
  });

  it('that are not here are refused without a word about this machine', async () => {
    const alice = await joinHouse(house);
    await alice.visit(async (rpc) => {
      const requests = [makeBlob(1).id, { key: makeBlob(1).id }, { key: '&../../x' }, null, 7];
      for (const request of requests) {
        const sent = await new Promise((resolve) =>
          pull(rpc.blobs.get(request as string), pull.collect(resolve)),
        );
        assert.match(JSON.stringify(sent), /could not get blob/, String(sent));
        assert.doesNotMatch(JSON.stringify(sent), /\/|\\n|stack/);
      }
      const has = await new Promise((resolve) =>
        rpc.blobs.has([makeBlob(1).id, 'x'], (_error, held) => resolve(held)),
      );
      assert.deepEqual(has, [false, false]);
    });
  });
});

describe('a peer that lies about blobs', () => {
  let house: SsbHouse;
  beforeEach(async () => {
    house = await openSsbHouse({}, { blobs: { maxBytes: 1 * MIB } });
  });
  afterEach(() => house.close());

  it('with other bytes is not believed, and the next peer is asked', async () => {
    const { id, bytes } = makeBlob(100 * KIB);
    const bob = await joinHouse(house);
    await bob.connect();
    const got = bob.want(id);
    await untilWanted(house, 1);
    const puppet = makePuppet(() => inSlices(makeBlob(100 * KIB).bytes));
    const liar = await joinHouse(house, puppet.plugin);
    const rpc = await liar.connect();
    rpc.whoami(() => undefined);
    puppet.say({ [id]: 100 * KIB });
    await eventually('the throwing away', () =>
      house.lines.find((line) => /wrong-hash/.test(line)),
    );
    assert.equal(blobsOf(house).count, 0);
    puppet.say({ [id]: 100 * KIB });
    const alice = await joinHouse(house);
    await alice.add(bytes);
    await alice.connect();
    await got;
    assert.ok(bytes.equals(await collectBytes(bob.blob(id))));
    assert.deepEqual(puppet.asked, [id]);
    assert.equal(rpc.closed, false);
  });

  it('with more than it promised is hung up on', async () => {
    const { id } = makeBlob(1);
    const bob = await joinHouse(house);
    await bob.connect();
    void bob.want(id);
    await untilWanted(house, 1);
    const stream = endless();
    const puppet = makePuppet(() => stream.source);
    const liar = await joinHouse(house, puppet.plugin);
    const rpc = await liar.connect();
    const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
    rpc.whoami(() => undefined);
    puppet.say({ [id]: 100 });
    await closed;
    assert.deepEqual([blobsOf(house).count, blobsOf(house).bytes], [0, 0]);
    assert.equal(blobsOf(house).wanted, 1);
  });

  it('is not asked for a blob that is too large, or that nobody wants', async () => {
    const [large, unwanted, good] = [makeBlob(1), makeBlob(2), makeBlob(3)];
    const bob = await joinHouse(house);
    await bob.connect();
    void bob.want(large.id);
    void bob.want(good.id);
    await untilWanted(house, 2);
    const puppet = makePuppet(() => inSlices(good.bytes));
    const other = await joinHouse(house, puppet.plugin);
    (await other.connect()).whoami(() => undefined);
    puppet.say({ [large.id]: MIB + 1, [unwanted.id]: 2, [good.id]: 3, nonsense: 4 });
    await untilHeld(house, 1);
    assert.deepEqual(puppet.asked, [good.id]);
  });

  it('cannot make the relay remember more wants than are its share', async () => {
    const puppet = makePuppet(() => inSlices(Buffer.alloc(0)));
    const greedy = await joinHouse(house, puppet.plugin);
    (await greedy.connect()).whoami(() => undefined);
    const last = makeBlob(7);
    const alice = await joinHouse(house);
    await alice.add(last.bytes);
    for (let packet = 0; packet < 20; packet += 1) {
      const many = Array.from({ length: 100 }, () => [makeBlob(9).id, -1]);
      puppet.say(Object.fromEntries(many));
    }
    await untilWanted(house, 256);
    const bob = await joinHouse(house);
    await Promise.all([alice.connect(), bob.connect()]);
    await bob.want(last.id);
    assert.equal(blobsOf(house).wanted, 256);
  });
});

describe('a member that asks for blobs and reads nothing', () => {
  let house: SsbHouse;
  let stuck: StockPeer | undefined;
  beforeEach(async () => {
    house = await openSsbHouse();
  });
  afterEach(async () => {
    await stuck?.close();
    await house.close();
  });

  it('costs no more memory than a few slices, and the others are served', async () => {
    const blobs = Array.from({ length: 12 }, () => makeBlob(4 * MIB - 1));
    const before = heldBuffers();
    const alice = await joinHouse(house);
    await alice.visit(async () => {
      for (const { id, bytes } of blobs) {
        await alice.add(bytes);
        await alice.push(id);
      }
      await untilHeld(house, blobs.length);
    });
    let socket: Socket | undefined;
    const dial = throughUnixSocket(house.socket, 99);
    stuck = startPeer(
      join(house.folder, 'stuck'),
      async (host, port) => {
        socket = await dial(host, port);
        return socket;
      },
      { plugins: [ssbBlobs] },
    );
    const code = house.code();
    await stuck.redeem(code);
    const rpc = await stuck.connect(code);
    await new Promise((resolve) => rpc.whoami(resolve));
    stopReading(socket ?? assert.fail());
    for (const { id } of blobs)
      pull(
        rpc.blobs.get(id),
        pull.collect(() => undefined),
      );
    const bob = await joinHouse(house);
    await bob.visit(async () => {
      for (const { id } of blobs.slice(0, 3)) await bob.want(id);
    });
    const onlyTheStuckOne = () => house.relay.status().connected === 1 || undefined;
    await eventually('the end of the others', onlyTheStuckOne);
    // The peers live in this process too, and let go of what they read a little later.
    await eventually('little memory in use', () => heldBuffers() - before < 4 * MIB || undefined);
    assert.ok(onlyTheStuckOne(), 'it was not cut');
    rpc.close(true);
  });
});

describe('a disk that is full', () => {
  it('pauses the intake of blobs, and they come when there is room again', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root may mount a small disk');
    const limits = { keepFreeBytes: 1 * MIB, diskCheckMs: 50 };
    const house = await openSsbHouse({}, { blobs: limits });
    const disk = join(house.folder, 'relay', 'blobs');
    mkdirSync(disk, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    try {
      const first = makeBlob(MIB - 1);
      const second = makeBlob(MIB - 1);
      const [alice, bob] = [await joinHouse(house), await joinHouse(house)];
      for (const { bytes } of [first, second]) await alice.add(bytes);
      await Promise.all([alice.connect(), bob.connect()]);
      await bob.want(first.id);
      writeFileSync(join(disk, 'filler'), Buffer.alloc(1.5 * MIB));
      const got = bob.want(second.id);
      await eventually('the pause', () => blobsOf(house).pause);
      assert.equal(blobsOf(house).pause, 'disk-full');
      const carol = await joinHouse(house);
      await carol.visit(() => carol.want(first.id));
      assert.equal(blobsOf(house).count, 1);
      rmSync(join(disk, 'filler'));
      await got;
      assert.equal(blobsOf(house).pause, undefined);
    } finally {
      await run('umount', ['-l', disk]);
      await house.close();
    }
  });
});

describe('after a restart', () => {
  it('the relay has its blobs', async () => {
    const house = await openSsbHouse();
    const { id, bytes } = makeBlob(300 * KIB);
    const alice = await joinHouse(house);
    await alice.visit(async () => {
      await alice.add(bytes);
      await alice.push(id);
      await untilHeld(house, 1);
    });
    await house.relay.close();
    const options: RelayOptions = {
      folder: join(house.folder, 'relay'),
      listen: house.socket,
      socks: join(house.folder, 'no-socks'),
      host: SOME_ONION,
      port: 8008,
      hops: 2,
      connections: 32,
      log: createLog({ write: () => undefined, journal: false, verbose: false }),
    };
    const again = await Relay.open(options);
    again.admit({
      mayRedeem: async () => false,
      isBanned: () => false,
      redeem: () => Promise.reject(new Error('closed')),
      sponsor: () => Promise.reject(new Error('closed')),
    });
    const rpc = await alice.connect();
    const read = (peer: Peer) => collectBytes(peer.blobs.get({ key: id, max: MIB }));
    await eventually('the index', () => again.status().blobs.count || undefined);
    assert.ok(bytes.equals(await read(rpc)));
    rpc.close(true);
    await again.close();
    await house.close();
  });
});
