import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pull from 'pull-stream';
import toPull from 'push-stream-to-pull-stream';
import type { SignedValue } from 'ssb-server';
import { KeptClocks } from '../../src/ssb/feeds/clocks.js';
import { BoundedEpidemic } from '../../src/ssb/feeds/epidemic.js';
import type { Verdict } from '../../src/ssb/feeds/intake.js';
import { inFrames } from '../../src/ssb/feeds/packets.js';
import { heldMemory } from '../support/memory.js';
import { SignedFeed } from '../support/signed-feed.js';
import { eventually } from '../support/wait.js';

const LONG = 5000;

/** A peer's end of the stream, which reads only when told to. */
class Reader {
  paused = true;
  ended = false;
  readonly got: SignedValue[] = [];
  /** The newest note on each feed. */
  readonly notes: Record<string, number> = {};
  write(packet: unknown): void {
    if ((packet as { author?: unknown }).author !== undefined) this.got.push(packet as SignedValue);
    else Object.assign(this.notes, packet);
  }
  end(): void {
    this.ended = true;
  }
}

function open(verdict: Verdict = 'taken') {
  const feed = new SignedFeed();
  const template = feed.post('x').value;
  let reads = 0;
  const refused: string[] = [];
  const early: string[] = [];
  const silent: string[] = [];
  const paused = new Set<string>();
  const epidemic = new BoundedEpidemic({
    id: new SignedFeed().id,
    ready: Promise.resolve(),
    read(_feed, sequence, cb) {
      reads += 1;
      setImmediate(() => cb({ ...template, sequence }));
    },
    take: (_message, _sender, judged) => judged(verdict),
    serves: () => true,
    onRefused: (id) => refused.push(id),
    onEarly: (_feed, peer) => early.push(peer),
    onSilent: (_feed, peer) => silent.push(peer),
    isPaused: (id) => paused.has(id),
  });
  epidemic.core.state.clock = { [feed.id]: LONG };
  epidemic.core.request(feed.id, true);
  const meet = (peer: string, version = 3) => {
    const stream = epidemic.open(peer, version, false) as ReturnType<typeof epidemic.open> & {
      sink: Reader;
    };
    stream.sink = new Reader();
    return stream;
  };
  const stream = meet('peer');
  const heard = { refused, early, silent };
  const reader = stream.sink;
  return { epidemic, feed, template, reader, stream, meet, paused, ...heard, reads: () => reads };
}

function feedIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt32BE(i);
    return `@${bytes.toString('base64')}.ed25519`;
  });
}

/** Until everything that was set off has happened. */
async function calm(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

it('what a peer does not read is not read from the disk, and comes in order when it does', async () => {
  const { feed, reader, stream, reads } = open();
  await calm();
  stream.write({ [feed.id]: 0 });
  await calm();
  assert.ok(reads() <= 64, `${reads()} reads`);
  reader.paused = false;
  stream.resume();
  const all = () => (reader.got.length === LONG ? true : undefined);
  await eventually('all of it', all, 120_000);
  assert.deepEqual(
    reader.got.map(({ sequence }) => sequence),
    Array.from({ length: LONG }, (_, i) => i + 1),
  );
});

it('new messages do not pile up for a peer that does not read; it gets them later', async () => {
  const { epidemic, feed, template, reader, stream } = open();
  await calm();
  stream.write({ [feed.id]: LONG << 1 });
  for (let i = 1; i <= 1000; i += 1) {
    epidemic.core.onAppend({ ...template, sequence: LONG + i });
    assert.ok((epidemic.core.state.peers.peer?.msgs.length ?? 0) <= 200);
  }
  reader.paused = false;
  stream.resume();
  await eventually('all', () => (reader.got.length === 1000 ? true : undefined), 120_000);
  assert.deepEqual(
    reader.got.map(({ sequence }) => sequence),
    Array.from({ length: 1000 }, (_, i) => LONG + i + 1),
  );
});

it('a message that was not taken does not count as taken', async () => {
  const { epidemic, feed, template, stream, refused } = open('refused');
  await calm();
  stream.write({ [feed.id]: (LONG + 5) << 1 });
  stream.write({ ...template, sequence: LONG + 1 });
  assert.equal(epidemic.core.state.clock[feed.id], LONG);
  assert.deepEqual(refused, [feed.id]);
});

it('feeds that a peer invents cost little, and are forgotten when it leaves', async () => {
  const { epidemic, reader, stream } = open();
  await calm();
  reader.paused = false;
  const ids = feedIds(100_000);
  const before = heldMemory();
  for (let i = 0; i < ids.length; i += 1000) {
    const notes = Object.fromEntries(ids.slice(i, i + 1000).map((id) => [id, 2]));
    stream.write(JSON.parse(JSON.stringify(notes)));
  }
  assert.ok(ids.every((id) => reader.notes[id] === -1));
  for (const id of ids) delete reader.notes[id];
  const held = heldMemory() - before;
  assert.ok(held < 6_000_000, `${Math.round(held / 1e6)} MB`);
  stream.end();
  epidemic.open('peer', 3, false);
  await calm();
  assert.deepEqual(epidemic.core.state.peers.peer?.clock, {});
});

it('two who both carry nothing of a feed do not say so for ever', async () => {
  const { reader, stream } = open();
  await calm();
  reader.paused = false;
  const [id = ''] = feedIds(1);
  stream.write({ [id]: -1 });
  assert.equal(reader.notes[id], undefined);
});

it('clocks of peers that left are kept within a bound, the newest', () => {
  const clocks = new KeptClocks(10);
  const [a = '', b = '', c = ''] = feedIds(3);
  for (let i = 0; i < 10; i += 1) clocks.keep(`peer${i}`, { [a]: 1, [b]: 2, [c]: 0 }, () => true);
  assert.deepEqual(clocks.of('peer9'), { [a]: 1, [b]: 2 });
  assert.deepEqual(clocks.of('peer7'), { [a]: 1, [b]: 2 });
  assert.deepEqual(clocks.of('peer6'), {});
  clocks.keep('peer9', { [a]: 5, [b]: 5 }, (feed) => feed === b);
  assert.deepEqual(clocks.of('peer9'), { [b]: 5 });
});

it('notes leave in packets that fit into a frame, all of them', async () => {
  const { epidemic } = open();
  const ids = feedIds(20_000);
  for (const id of ids) {
    epidemic.core.state.clock[id] = 1000;
    epidemic.core.request(id, true);
  }
  const { source, sink } = toPull.duplex(epidemic.open('another', 3, false));
  sink(() => undefined);
  const left = new Set(ids);
  await new Promise<void>((resolve) =>
    pull(
      inFrames(source),
      pull.drain<object>((packet) => {
        assert.ok(JSON.stringify(packet).length < 512 * 1024);
        for (const id of Object.keys(packet)) left.delete(id);
        if (left.size === 0) resolve();
      }),
    ),
  );
});

describe('what is no id of a feed does not reach the package', () => {
  const KEYS = ['__proto__', 'constructor', 'toString', 'clock', '@x.ed25519'];
  const message = (author: string) => `{"author":"${author}","sequence":1,"content":"x"}`;
  const packets = KEYS.flatMap((key) => [
    message(key),
    `{"${key}":2}`,
    `{"clock":{"${key}":2}}`,
    `{"clock":${message(key)}}`,
    `{"clock":{},"${key}":2}`,
    `{"author":"x","sequence":1,"clock":{},"${key}":2}`,
  ]);
  for (const version of [2, 3]) {
    it(`in version ${version}`, async () => {
      const { epidemic, feed, meet } = open();
      const stream = meet('other', version);
      await calm();
      try {
        for (const packet of packets) stream.write(JSON.parse(packet));
        for (const packet of [null, 1, 'x', [], [1]]) stream.write(packet);
        assert.deepEqual(Object.keys(Object.prototype), []);
        assert.deepEqual(Object.keys(Object), []);
        const { clock, replicating } = epidemic.core.state.peers.other ?? {};
        assert.deepEqual(Object.keys(clock ?? {}), []);
        assert.deepEqual(Object.keys(replicating ?? {}), [feed.id]);
      } finally {
        for (const key of ['tx', 'rx', 'sent', 'requested']) {
          Reflect.deleteProperty(Object.prototype, key);
          Reflect.deleteProperty(Object, key);
        }
      }
    });
  }
});

describe('a peer that claims what nobody has', () => {
  const LIE = (2 ** 30 - 1) << 1;
  const MORE = (LONG + 5) << 1;
  const asked = (reader: Reader, feed: string) => ((reader.notes[feed] ?? 1) & 1) === 0;

  async function lied(verdict: Verdict = 'early') {
    const opened = open(verdict);
    const { feed, reader, stream, template } = opened;
    await calm();
    reader.paused = false;
    stream.write({ [feed.id]: LIE });
    const junk = () => stream.write({ ...template, sequence: 2 ** 30 });
    junk();
    const come = async (peer: string, note: number) => {
      const visitor = opened.meet(peer);
      visitor.sink.paused = false;
      await calm();
      visitor.write({ [feed.id]: note });
      return visitor.sink;
    };
    return { ...opened, junk, come };
  }

  it('keeps nobody from asking the author', async () => {
    const { come, feed } = await lied();
    assert.ok(asked(await come(feed.id, MORE), feed.id));
    const later = await lied();
    const author = await later.come(later.feed.id, LONG << 1);
    assert.ok(asked(author, later.feed.id));
  });

  it('does not hold up a feed that somebody else has, whatever it sends meanwhile', async () => {
    const { come, epidemic, feed, junk } = await lied();
    const friend = await come('friend', MORE);
    epidemic.look();
    junk();
    epidemic.look();
    assert.ok(asked(friend, feed.id));
  });

  it('that brings something else meanwhile holds it up for a minute and no longer', async () => {
    const { come, epidemic, feed, junk } = await lied('taken');
    const friend = await come('friend', MORE);
    let looks = 0;
    for (; !asked(friend, feed.id) && looks < 100; looks += 1) {
      junk();
      epidemic.look();
    }
    assert.equal(looks, 13);
  });

  it('takes no turn from another, nor from the author', async () => {
    const { come, epidemic, feed, stream, template } = await lied();
    const author = await come(feed.id, MORE);
    const friend = await come('friend', MORE);
    epidemic.look();
    epidemic.look();
    stream.write({ ...template, sequence: 1 });
    stream.write({ [feed.id]: LIE });
    assert.ok(asked(author, feed.id));
    assert.ok(asked(friend, feed.id));
  });

  it('is looked into once as silent when it was asked and sent nothing that was taken', async () => {
    const { epidemic, silent } = await lied();
    epidemic.look();
    assert.deepEqual(silent, []);
    epidemic.look();
    assert.deepEqual(silent, ['peer']);
  });

  it('is named with a message that comes too early', async () => {
    const { early, feed, junk, paused } = await lied('early');
    assert.deepEqual(early, ['peer']);
    // What follows on the one that there was no room for comes too early as well.
    paused.add(feed.id);
    junk();
    assert.deepEqual(early, ['peer']);
  });

  it('is not asked while there is no room for the feed', async () => {
    const { epidemic, feed, paused, reader } = await lied();
    paused.add(feed.id);
    epidemic.pause(feed.id);
    epidemic.look();
    epidemic.look();
    await calm();
    assert.ok(!asked(reader, feed.id));
  });
});

it('an author that sends again what is known is asked on, without a note for each', async () => {
  const { epidemic, feed, meet, template } = open();
  const author = meet(feed.id);
  await calm();
  author.sink.paused = false;
  author.write({ [feed.id]: (LONG + 5) << 1 });
  let notes = 0;
  author.sink.write = () => {
    notes += 1;
  };
  for (let i = 0; i < 10; i += 1) author.write({ ...template, sequence: LONG - i });
  for (let i = 1; i < 5; i += 1) epidemic.onAppend({ ...template, sequence: LONG + i });
  assert.equal(notes, 0);
  assert.equal(epidemic.core.state.peers[feed.id]?.replicating?.[feed.id]?.rx, true);
});
