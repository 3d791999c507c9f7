import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import pull, { type Source } from 'pull-stream';
import type { Peer, SsbServer } from 'ssb-server';
import type { Wires } from '../../src/ssb/feeds/wires.js';
import { Hold } from '../../src/ssb/own/hold.js';
import type { OwnFeedBack } from '../../src/ssb/own/hold-types.js';
import { writeRecord } from '../../src/ssb/own/record.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { FakeClock } from '../support/fake-clock.js';
import { quiet, someFeed } from '../support/invites-kit.js';

const OWN = someFeed();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A relay whose log and members a test sets by hand, and peers that answer with nothing more. */
class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'snug-hold-'));
  readonly clock = new FakeClock();
  readonly members: FeedId[] = [];
  readonly listed = new Set<FeedId>();
  readonly claims = new Map<string, number>();
  stored = 0;
  idAt = '%recorded';
  back: OwnFeedBack | undefined;
  hold: Hold | undefined;
  #connect: (peer: Peer) => void = () => undefined;

  /** Opens it with a record of this sequence. */
  open(sequence: number, recorded: readonly FeedId[] = []): Hold {
    writeRecord(this.folder, { sequence, id: '%recorded', members: recorded });
    const wires = { of: () => ({ onHeard: (go: () => void) => go() }) } as unknown as Wires;
    const hold = new Hold({ folder: this.folder, wires, log: quiet, clock: this.clock });
    const server = {
      publish: { hook: () => undefined },
      close: { hook: () => undefined },
      on: (_event: string, listener: (peer: Peer) => void) => {
        this.#connect = listener;
      },
    };
    hold.plugin().init(server as unknown as SsbServer, undefined as never);
    hold.start({
      own: {
        id: OWN,
        stored: () => this.stored,
        next: () => this.stored + 1,
        take: () => undefined,
      },
      idAt: async () => this.idAt,
      isForked: () => false,
      claimOf: (peer) => this.claims.get(peer),
      members: () => this.members,
      isBlocked: () => false,
      listed: this.listed,
    });
    void hold.back().then((back) => {
      this.back = back;
    });
    this.hold = hold;
    return hold;
  }

  /** @param answer what it sends when it is asked for the own feed */
  comes(id: FeedId, answer: Source<unknown> = pull.values([])): void {
    const peer = {
      id,
      closed: false,
      once: () => undefined,
      close: () => undefined,
      createHistoryStream: () => answer,
    };
    this.#connect(peer as unknown as Peer);
  }
}

const REFUSAL: Source<unknown> = (_abort, cb) => cb(new Error('no such method'));
const OPEN: Source<unknown> = () => undefined;

describe('the wait for the own feed', () => {
  let scene: Scene;
  const [ada, ben, carl, dora] = [someFeed(), someFeed(), someFeed(), someFeed()];
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => rmSync(scene.folder, { recursive: true }));

  it('ends a quiet minute after every member has answered', async () => {
    scene.members.push(ada, ben);
    scene.stored = 5;
    scene.open(5);
    scene.comes(ada);
    await scene.clock.pass(2 * DAY);
    assert.equal(scene.back, undefined, 'one of two is not enough, however long it takes');
    scene.comes(ben);
    await scene.clock.pass(2000);
    assert.deepEqual(scene.back, { newer: false, recorded: 5 });
  });

  it('begins its quiet minute anew with each message that is brought', async () => {
    scene.members.push(ada);
    scene.stored = 5;
    const hold = scene.open(5);
    scene.comes(ada);
    await scene.clock.pass(MINUTE - 2000);
    scene.stored = 6;
    hold.brought(6, '%recorded');
    await scene.clock.pass(MINUTE - 2000);
    assert.equal(scene.back, undefined);
    await scene.clock.pass(4000);
    assert.deepEqual(scene.back, { newer: true, recorded: 5 });
  });

  it('does not end before the recorded message is here, nor when another is in its place', async () => {
    scene.members.push(ada);
    scene.stored = 4;
    const hold = scene.open(5, [ada]);
    scene.comes(ada);
    await scene.clock.pass(DAY * 2);
    assert.equal(scene.back, undefined);
    scene.stored = 5;
    scene.idAt = '%another';
    await scene.clock.pass(DAY * 2);
    assert.equal(scene.back, undefined);
    assert.equal(hold.status().forked, true);
  });

  it('needs three of many, and a day', async () => {
    scene.members.push(ada, ben, carl, dora);
    scene.stored = 5;
    scene.open(5);
    scene.comes(ada);
    scene.comes(ben);
    await scene.clock.pass(2 * DAY);
    assert.equal(scene.back, undefined);
    scene.comes(carl);
    await scene.clock.pass(2000);
    assert.ok(scene.back);
  });

  it('takes a day when there is nobody to ask', async () => {
    scene.open(0);
    await scene.clock.pass(DAY - MINUTE);
    assert.equal(scene.back, undefined);
    await scene.clock.pass(2 * MINUTE);
    assert.deepEqual(scene.back, { newer: false, recorded: 0 });
  });

  it('is for listed relays as for members', async () => {
    scene.members.push(ada);
    scene.listed.add(ben);
    scene.stored = 5;
    scene.open(5);
    scene.comes(ada);
    await scene.clock.pass(2 * DAY);
    assert.equal(scene.back, undefined);
  });

  it('takes no answer for one that is left open, or is refused', async () => {
    scene.members.push(ada, ben);
    scene.stored = 5;
    scene.open(5);
    scene.comes(ada, OPEN);
    scene.comes(ben, REFUSAL);
    await scene.clock.pass(2 * DAY);
    assert.equal(scene.back, undefined);
  });

  it('believes what a peer says by EBT where that is all it speaks', async () => {
    scene.members.push(ada);
    scene.stored = 5;
    scene.open(5);
    scene.comes(ada, REFUSAL);
    scene.claims.set(ada, 6);
    await scene.clock.pass(2 * MINUTE);
    assert.equal(scene.back, undefined);
    scene.claims.set(ada, 5);
    await scene.clock.pass(2000);
    assert.ok(scene.back);
  });

  it('holds until it is released, and is then forgotten', async () => {
    scene.members.push(ada);
    scene.stored = 5;
    const hold = scene.open(5);
    scene.comes(ada);
    await scene.clock.pass(2 * MINUTE);
    assert.ok(scene.back);
    assert.throws(() => hold.check(), { code: 'OWN_FEED_BEHIND' });
    hold.release();
    hold.check();
    assert.equal(existsSync(join(scene.folder, 'own-feed.json')), false);
    // Its timer has nothing more to wait for.
    await scene.clock.pass(2000);
    assert.equal(scene.clock.waiting, 0);
  });

  it('admits a few strangers at a time to be asked, and none when there is no wait', async () => {
    const hold = scene.open(5);
    const admitted = Array.from({ length: 20 }, () => hold.mayWitness(someFeed()));
    assert.equal(admitted.filter(Boolean).length, 16);
    await scene.clock.pass(3 * MINUTE);
    assert.equal(hold.mayWitness(parseFeedId(someFeed())), true);
    hold.release();
    assert.equal(hold.mayWitness(someFeed()), false);
  });

  it('knows the members of the backup until the feed itself tells', () => {
    const hold = scene.open(5, [ada]);
    assert.equal(hold.knows(ada), true);
    assert.equal(hold.knows(ben), false);
    scene.stored = 5;
    assert.equal(hold.knows(ada), false);
  });
});
