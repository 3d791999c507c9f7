import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { parseFeedId } from '../../src/support/feed-id.js';
import { PlainClient } from '../support/plain-client.js';
import { temporaryFolder } from '../support/relay.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import { eventually } from '../support/wait.js';

const run = promisify(execFile);
const MB = 1_000_000;
const LIMITS = {
  messagesPerFeed: 1e6,
  bytesPerFeed: 1e9,
  totalMessages: 1e6,
  logBytes: 1e9,
  reserveBytes: 24 * MB,
};
const skip = process.getuid?.() === 0 ? false : 'only root may mount a small disk';

describe('a disk that fills up', { skip }, () => {
  let disk: string;
  let house: SsbHouse;
  beforeEach(async () => {
    disk = join(await temporaryFolder(), 'disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
    house = await openSsbHouse({}, { folder: join(disk, 'relay'), limits: LIMITS });
  });
  afterEach(async () => {
    await house.close();
    // flumelog-offset does not close its file before the process ends.
    await run('umount', ['--lazy', disk]);
    await rmdir(disk);
  });

  it('pauses intake well before it is full, says so, and goes on when there is room', async () => {
    const feed = new SignedFeed();
    for (let i = 0; i < 500; i += 1) feed.post(`${i}`);
    const id = parseFeedId(feed.id);
    await house.relay.follow(id);
    const ballast = join(disk, 'ballast');
    await writeFile(ballast, Buffer.alloc(45 * MB));
    const paused = () => house.relay.status().paused;
    assert.match((await eventually('the pause', paused, 120_000)) ?? '', /disk is nearly full/);
    const client = await PlainClient.connect(house.socket, house.relay.id, feed);
    client.ask({ id: feed.id, seq: 1000, live: true });
    const state = async () => {
      const now = await house.relay.feed(id);
      return now.state === 'paused' ? now : undefined;
    };
    assert.equal((await eventually('the feed to pause', state, 120_000)).sequence, 0);
    // A code that somebody has earned can still be redeemed.
    await house.relay.follow(id);
    await rm(ballast);
    const all = async () => ((await house.relay.feed(id)).sequence === 500 ? true : undefined);
    await eventually('the whole feed, on the same connection', all, 120_000);
    assert.equal(paused(), undefined);
    client.close();
  });

  it('publishes nothing of its own rather than end with a half-written message', async () => {
    const id = parseFeedId(new SignedFeed().id);
    await house.relay.follow(id);
    const ballast = join(disk, 'ballast');
    await writeFile(ballast, Buffer.alloc(61 * MB));
    await assert.rejects(house.relay.unblock(id), /disk of the relay is full/);
    await rm(ballast);
    await house.relay.unblock(id);
  });
});
