import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mintCode } from '../../src/ssb/code.js';
import type { RelayOptions } from '../../src/ssb/relay.js';
import { openRelayThread, type RelayThread } from '../../src/ssb/relay-thread.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { createLog } from '../../src/support/log.js';
import { parseOnionHost } from '../../src/support/onion-host.js';
import { temporaryFolder } from '../support/relay.js';
import { type StockPeer, startPeer, throughUnixSocket } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const HOST = parseOnionHost('2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion');
const DYING = {
  main: new URL('../support/dying-thread.js', import.meta.url),
  lookEveryMs: 60_000,
};

describe('a relay in a thread of its own', () => {
  let folder: string;
  const lines: string[] = [];
  const options = (changes: Partial<RelayOptions> = {}): RelayOptions => ({
    folder: join(folder, 'relay'),
    listen: join(folder, 'ssb.sock'),
    socks: join(folder, 'no-socks'),
    host: HOST,
    port: 8008,
    hops: 2,
    connections: 32,
    log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
    ...changes,
  });
  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  describe('while it runs', () => {
    let relay: RelayThread;
    let peer: StockPeer;
    const asked: string[] = [];
    let code = '';
    before(async () => {
      relay = await openRelayThread(options());
      const minted = mintCode({ host: HOST, port: 8008, relay: relay.id }, randomBytes(32));
      code = minted.code;
      peer = startPeer(join(folder, 'peer'), throughUnixSocket(join(folder, 'ssb.sock')));
      relay.admit({
        mayRedeem: (key) => Promise.resolve(key === minted.key),
        isBanned: (feed) => {
          asked.push(feed);
          return false;
        },
        redeem: async (_key, feed) => {
          await relay.follow(feed as FeedId);
          return { already: false };
        },
        sponsor: () => Promise.reject(new Error('not asked for here')),
      });
    });
    after(async () => {
      await peer.close();
      await relay.close();
    });

    it('asks the gate in this thread, and follows when that says so', async () => {
      assert.deepEqual(await peer.redeem(code), {
        type: 'contact',
        contact: peer.id,
        following: true,
      });
      assert.ok(asked.length > 0, 'the ban list was asked');
      assert.equal(await relay.isFollowing(parseFeedId(peer.id)), true);
    });

    it('shows in the status at once what it was asked to change', async () => {
      const other = parseFeedId(`@${randomBytes(32).toString('base64')}.ed25519`);
      const { members } = relay.status();
      await relay.follow(other);
      assert.equal(relay.status().members, members + 1);
      await relay.block(other);
      assert.equal(relay.status().members, members);
      assert.equal(await relay.isBlocking(other), true);
    });

    it('shows in the status after a while who is connected', async () => {
      const rpc = await peer.connect(code);
      await eventually('a connection', () => (relay.status().connected > 0 ? true : undefined));
      rpc.close(true);
      await eventually('no connection', () => (relay.status().connected === 0 ? true : undefined));
    });

    it('keeps what SSB packages print for developers', () => {
      assert.ok(lines.length > 0, 'ssb-friends says something about its old stream');
      assert.deepEqual(
        lines.filter((line) => !line.startsWith('debug: ')),
        [],
      );
    });

    it('says why a second one cannot be opened, and leaves the first alone', async () => {
      const second = openRelayThread(options({ folder: join(folder, 'second') }));
      await assert.rejects(second, { code: 'SOCKET_IN_USE' });
      assert.equal(await relay.isFollowing(relay.id), true);
    });
  });

  it('knows after a restart what it knew, and takes no call once closed', async () => {
    const feed = parseFeedId(`@${randomBytes(32).toString('base64')}.ed25519`);
    const first = await openRelayThread(options());
    await first.follow(feed);
    await first.close();
    await first.close();
    await assert.rejects(first.follow(feed), { code: 'SSB_CLOSED' });
    const again = await openRelayThread(options());
    assert.equal(again.id, first.id);
    assert.equal(await again.isFollowing(feed), true);
    await again.close();
  });

  it('says so when the thread dies of a fault, and rejects what waits', async () => {
    const relay = await openRelayThread(options({ listen: 'fault' }), DYING);
    await assert.rejects(relay.follow(relay.id), { code: 'SSB_DIED' });
    const reason = await relay.died;
    assert.equal(reason.code, 'SSB_DIED');
    assert.match(reason.message, /a fault nobody foresaw/);
    await assert.rejects(relay.follow(relay.id), { code: 'SSB_DIED' });
    await relay.close();
  });

  it('ends a thread that hangs, and says so', async () => {
    const relay = await openRelayThread(options({ listen: 'hang' }), { ...DYING, lookEveryMs: 50 });
    await assert.rejects(relay.follow(relay.id), { code: 'SSB_DIED' });
    assert.match((await relay.died).message, /has said nothing for minutes/);
    await relay.close();
  });

  it('says so when the thread just ends', async () => {
    const relay = await openRelayThread(options({ listen: 'end' }), DYING);
    await assert.rejects(relay.follow(relay.id), { code: 'SSB_DIED' });
    assert.equal((await relay.died).code, 'SSB_DIED');
    await relay.close();
  });
});
