import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SignedValue } from 'ssb-server';
import { BoundedEpidemic } from '../../src/ssb/feeds/epidemic.js';
import type { Verdict } from '../../src/ssb/feeds/intake.js';
import { SignedFeed } from '../support/signed-feed.js';
import { eventually } from '../support/wait.js';

const LONG = 5000;

/** A peer's end of the stream, which reads only when told to. */
class Reader {
  paused = true;
  ended = false;
  readonly got: SignedValue[] = [];
  write(packet: unknown): void {
    if ((packet as { author?: unknown }).author !== undefined) this.got.push(packet as SignedValue);
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
  });
  epidemic.core.state.clock = { [feed.id]: LONG };
  epidemic.core.request(feed.id, true);
  const reader = new Reader();
  const stream = epidemic.open('peer', 3, false) as ReturnType<typeof epidemic.open> & {
    sink: Reader;
    write(packet: object): void;
  };
  stream.sink = reader;
  return { epidemic, feed, template, reader, stream, refused, reads: () => reads };
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

it('a peer that invents feeds without end is not listened to', async () => {
  const { stream } = open();
  await calm();
  const invent = () => {
    for (let i = 0; i < 100_001; i += 1) {
      const bytes = Buffer.alloc(32);
      bytes.writeUInt32BE(i);
      stream.write({ [`@${bytes.toString('base64')}.ed25519`]: 0 });
    }
  };
  assert.throws(invent, /too many feeds/);
});
