import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Gathering } from '../../src/ssb/feeds/gathering.js';
import { Heads } from '../../src/ssb/feeds/heads.js';
import { Intake } from '../../src/ssb/feeds/intake.js';
import { Room, SMALL_BOARD } from '../../src/ssb/feeds/room.js';
import { Sizes } from '../../src/ssb/feeds/sizes.js';
import { Troubles } from '../../src/ssb/feeds/troubles.js';
import { createLog } from '../../src/support/log.js';
import { SignedFeed } from '../support/signed-feed.js';

const FEED = `@${'A'.repeat(43)}=.ed25519`;

/** Adds numbers and collects what is handed on, until all of them are. */
async function handedOn(count: number): Promise<number[][]> {
  const given: number[][] = [];
  let left = count;
  await new Promise<void>((resolve) => {
    const gathering = new Gathering<number>((some) => {
      given.push([...some]);
      left -= some.length;
      if (left === 0) resolve();
    });
    for (let i = 0; i < count; i += 1) gathering.add(i);
    assert.equal(gathering.size, count);
    assert.deepEqual(given, [], 'nothing is handed on from within add');
  });
  return given;
}

it('a thing that comes alone is handed on by and by', async () => {
  assert.deepEqual(await handedOn(1), [[0]]);
});

it('things that come together are handed on together, many of them in turns, all in order', async () => {
  const together = await handedOn(100);
  assert.equal(together.length, 1);
  const turns = await handedOn(1300);
  assert.ok(turns.length > 1 && turns.every(({ length }) => length <= 512));
  assert.deepEqual(
    turns.flat(),
    Array.from({ length: 1300 }, (_, i) => i),
  );
});

it('things that come while others are handed on have their turn', async () => {
  const given: number[] = [];
  await new Promise<void>((resolve) => {
    const gathering = new Gathering<number>((some) => {
      given.push(...some);
      if (given.length === 700) for (let i = 0; i < 70; i += 1) gathering.add(i);
      if (given.length === 770) gathering.add(1);
      if (given.length === 771) resolve();
    });
    for (let i = 0; i < 700; i += 1) gathering.add(i);
  });
  assert.equal(given.length, 771);
});

it('what is forgotten is never handed on', async () => {
  const given: string[] = [];
  await new Promise<void>((resolve) => {
    const gathering = new Gathering<string>((some) => {
      given.push(...some);
      resolve();
    });
    for (let i = 0; i < 600; i += 1) gathering.add('old');
    gathering.clear();
    assert.equal(gathering.size, 0);
    gathering.add('new');
  });
  assert.deepEqual(given, ['new']);
});

it('messages that wait to be judged hold up the network, and let it go on when none is taken', async () => {
  const heads = new Heads({ own: FEED, onStored: () => undefined, onServed: () => undefined });
  const log = createLog({ write: () => undefined, journal: false, verbose: false });
  const usage = { messages: () => 0, bytes: () => 0, bytesOf: () => 0 };
  const intake = new Intake({
    heads,
    sizes: new Sizes(),
    room: new Room({ limits: SMALL_BOARD, folder: '.', usage, log, onRoom: () => undefined }),
    troubles: new Troubles(log),
    carries: () => false,
  });
  const { value: message } = new SignedFeed().post('of a feed that nobody carries');
  const verdicts = new Set<string>();
  for (let i = 0; i < 2000; i += 1) intake.take(message, FEED, (verdict) => verdicts.add(verdict));
  let goes = false;
  await new Promise<void>((resolve) => {
    intake.whenRoom(() => {
      goes = true;
      resolve();
    });
    assert.ok(!goes);
  });
  assert.deepEqual([...verdicts], ['skipped']);
});
