import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { FeedReport } from '../../src/ssb/feeds/reports.js';
import { bytesOf } from '../../src/ssb/feeds/sizes.js';
import { CODE_PERMISSIONS, MEMBER_PERMISSIONS } from '../../src/ssb/permissions.js';
import type { RelayOptions } from '../../src/ssb/relay.js';
import { parseFeedId } from '../../src/support/feed-id.js';
import { heldMemory } from '../support/memory.js';
import { PlainClient, packet } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import { eventually } from '../support/wait.js';

const DEADLINE_MS = 120_000;
const MB = 1_000_000;
const PLENTY = {
  messagesPerFeed: 1e6,
  bytesPerFeed: 1e9,
  totalMessages: 1e6,
  logBytes: 1e9,
  reserveBytes: 0,
};

let house: SsbHouse;
const clients: PlainClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await house.close();
});

function report(feed: { id: string }): Promise<FeedReport> {
  return house.relay.feed(parseFeedId(feed.id));
}

async function until(feed: SignedFeed, fits: (now: FeedReport) => boolean): Promise<FeedReport> {
  const check = async () => {
    const now = await report(feed);
    return fits(now) ? now : undefined;
  };
  return eventually('the feed to stand so', check, DEADLINE_MS);
}

async function connected(feed: SignedFeed): Promise<PlainClient> {
  const id = parseFeedId(feed.id);
  if (!(await house.relay.isFollowing(id))) await house.relay.follow(id);
  const client = await PlainClient.connect(house.socket, house.relay.id, feed);
  clients.push(client);
  return client;
}

/** Has it ask for something, as clients do before they are asked. */
async function join(feed: SignedFeed): Promise<PlainClient> {
  const client = await connected(feed);
  client.ask({ id: feed.id, seq: 1000, live: true });
  return client;
}

function written(posts: number): SignedFeed {
  const feed = new SignedFeed();
  for (let i = 0; i < posts; i += 1) feed.post(`${i}`);
  return feed;
}

/** Somebody else is served as ever. */
async function othersAreServed(): Promise<void> {
  const feed = written(2);
  const client = await join(feed);
  await until(feed, ({ sequence }) => sequence === 2);
  const request = client.ask({ id: feed.id, seq: 1, live: false });
  await client.received(request, 2);
}

function reopen(options: Partial<RelayOptions> = {}): Promise<SsbHouse> {
  return openSsbHouse({}, { limits: PLENTY, ...options });
}

describe('a feed that breaks the rules', () => {
  beforeEach(async () => {
    house = await reopen();
  });

  async function refused(last: (feed: SignedFeed) => ReturnType<SignedFeed['write']>) {
    const feed = written(3);
    const client = await join(feed);
    await until(feed, ({ sequence }) => sequence === 3);
    client.close();
    const again = await join(feed);
    again.answer = [...feed.messages, last(feed)];
    const now = await until(feed, ({ state }) => state === 'refused');
    assert.equal(now.sequence, 3);
    const lines = house.lines.filter((line) => line.includes('refused'));
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.ok(lines[0]?.includes(now.reason ?? '?'));
    await othersAreServed();
    return now.reason;
  }

  it('is refused where it forks, with the reason, and others are served', async () => {
    const reason = await refused((feed) => {
      const other = feed.write({ type: 'post', text: 'another third' }, 2);
      return feed.write({ type: 'post', text: 'x' }, 3, { previous: other.key });
    });
    assert.match(reason ?? '', /forked/);
  });

  it('is refused where the signature is wrong', async () => {
    const wrong = `${Buffer.alloc(64, 1).toString('base64')}.sig.ed25519`;
    const reason = await refused((feed) =>
      feed.write({ type: 'post', text: 'x' }, 3, { signature: wrong }),
    );
    assert.match(reason ?? '', /not signed/);
  });

  it('is refused where a message is larger than 8 kB', async () => {
    const reason = await refused((feed) => feed.write({ type: 'post', text: 'x'.repeat(9000) }));
    assert.match(reason ?? '', /larger/);
  });

  it('is taken again once it goes on as it should', async () => {
    const feed = written(1);
    const client = await join(feed);
    client.answer = [...feed.messages, feed.write({ type: 'x' })];
    await until(feed, ({ state }) => state === 'refused');
    client.close();
    feed.post('mended');
    await join(feed);
    const now = await until(feed, ({ sequence }) => sequence === 2);
    assert.equal(now.state, 'ok');
  });

  it('is not refused because somebody else forges it', async () => {
    const victim = written(3);
    const forger = new SignedFeed();
    forger.follow(victim.id);
    const client = await join(forger);
    await until(forger, ({ sequence }) => sequence === 1);
    client.close();
    const second = await join(forger);
    const forged = victim.write({ type: 'post', text: 'forged' }, 0, {
      signature: `${Buffer.alloc(64, 1).toString('base64')}.sig.ed25519`,
    });
    second.answer = [forged, ...forger.messages];
    await join(victim);
    const now = await until(victim, ({ sequence }) => sequence === 3);
    assert.equal(now.state, 'ok');
  });

  it('is refused by EBT too, and its peer goes on with others', async () => {
    const [feed, friend] = [written(3), written(4)];
    await house.relay.follow(parseFeedId(friend.id));
    const client = await join(feed);
    client.answer = [];
    const request = client.replicate({ [feed.id]: 4 << 1, [friend.id]: 4 << 1 });
    const notes = () => client.replies(request).bodies.some((body) => friend.id in Object(body));
    await eventually('its clock', () => (notes() ? true : undefined), DEADLINE_MS);
    for (const { value } of feed.messages) client.sendOn(request, value);
    client.sendOn(request, feed.write({ type: 'post', text: 'x' }, 3, { previous: null }).value);
    await until(feed, ({ state }) => state === 'refused');
    for (const { value } of friend.messages) client.sendOn(request, value);
    await until(friend, ({ sequence }) => sequence === 4);
    assert.equal((await report(feed)).sequence, 3);
  });

  it('and sequences that lie are passed over', async () => {
    const feed = written(2);
    const client = await join(feed);
    client.answer = [
      feed.write({ type: 'post', text: 'x' }, 2, { sequence: 2 ** 53 }),
      feed.write({ type: 'post', text: 'x' }, 2, { sequence: 900 }),
      feed.write({ type: 'post', text: 'x' }, 2, { sequence: -1 }),
      ...feed.messages,
    ];
    const now = await until(feed, ({ sequence }) => sequence === 2);
    assert.equal(now.state, 'ok');
    await othersAreServed();
  });

  it('and a peer on EBT that claims and sends what nobody has holds up no feed', async () => {
    const [feed, liar] = [written(5), new SignedFeed()];
    const client = await join(liar);
    await house.relay.follow(parseFeedId(feed.id));
    client.answer = [];
    const lie = (2 ** 30 - 1) << 1;
    const request = client.replicate({ [feed.id]: lie, [liar.id]: lie });
    let sequence = 10;
    const junk = setInterval(() => {
      sequence += 1;
      client.sendOn(request, liar.write({ type: 'x' }, 0, { sequence }).value);
    }, 500);
    try {
      await eventually('its turn', () => asked(client, request, feed), DEADLINE_MS);
      const author = await connected(feed);
      author.answer = [];
      const own = author.replicate({ [feed.id]: 5 << 1 });
      await eventually('the question', () => asked(author, own, feed), DEADLINE_MS);
      for (const { value } of feed.messages) author.sendOn(own, value);
      await until(feed, (now) => now.sequence === 5);
    } finally {
      clearInterval(junk);
    }
  });

  /** Whether the relay's newest note asks this peer for the feed. */
  function asked(client: PlainClient, request: number, feed: SignedFeed): true | undefined {
    const notes = client.replies(request).bodies.map((body) => Object(body)[feed.id]);
    const last: unknown = notes.filter((note) => note !== undefined).at(-1);
    return typeof last === 'number' && last >= 0 && (last & 1) === 0 ? true : undefined;
  }
});

describe('a peer that is a burden', () => {
  it('ends nothing with names that are no feed in EBT', async () => {
    house = await reopen();
    const client = await join(written(1));
    await until(client.feed, ({ sequence }) => sequence === 1);
    const request = client.replicate({ [client.feed.id]: 2 });
    await client.received(request, 1);
    try {
      client.sendOn(request, { author: '__proto__', sequence: 1, content: 'x' });
      client.sendOn(request, JSON.parse('{"clock":{"__proto__":2,"constructor":2}}'));
      // Answered after what came before.
      await othersAreServed();
      await client.received(client.ask({ id: client.feed.id, seq: 1 }), 1);
      assert.deepEqual(Object.keys(Object.prototype), []);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'sent');
    }
  });

  it('is named in the log when it is cut for a frame that is too long', async () => {
    house = await reopen();
    const client = await join(written(1));
    client.send(packet(7, 10, Buffer.alloc(2 * MB, 32)));
    const named = `peer ${client.feed.id.slice(0, 11)}`;
    await eventually(
      'the line',
      () => house.lines.find((line) => line.includes(named) && line.includes('1 MiB')),
      DEADLINE_MS,
    );
  });

  it('is hung up on when it announces a message of 9 MB', async () => {
    house = await reopen();
    const client = await join(written(1));
    const closed = new Promise<void>((resolve) => client.socket.once('close', () => resolve()));
    client.send(packet(7, 10, Buffer.alloc(9 * MB, 32)));
    await closed;
    await othersAreServed();
  });

  const ENTER: Readonly<Record<string, () => Promise<SignedFeed>>> = {
    async member() {
      const feed = new SignedFeed();
      await house.relay.follow(parseFeedId(feed.id));
      return feed;
    },
    code: async () => SignedFeed.ofCode(house.code()),
  };
  for (const [who, most] of [
    ['member', MEMBER_PERMISSIONS.streams],
    ['code', CODE_PERMISSIONS.streams],
  ] as const) {
    it(`is cut when it has opened more streams than a ${who} may and ended none`, async () => {
      house = await reopen();
      const feed = (await ENTER[who]?.()) ?? assert.fail();
      const client = await PlainClient.connect(house.socket, house.relay.id, feed);
      clients.push(client);
      const open = (request: number) => packet(request, 10, '0');
      const end = (request: number) => packet(request, 14, 'true');
      // Those that it has ended do not count, nor does what comes on one that is open.
      for (let i = 1; i <= most; i += 1) client.send(Buffer.concat([open(i), end(i)]));
      for (let i = 1; i <= most; i += 1) client.send(open(i));
      client.send(open(1));
      client.send(packet(most + 1, 2, '{"name":["getAddress"],"args":[]}'));
      await eventually('an answer', () =>
        client.packets.some((got) => got.request === -(most + 1)) ? true : undefined,
      );
      client.send(open(most + 2));
      await eventually('the cut', () => (client.socket.closed ? true : undefined));
      await eventually('the end', () => (house.relay.status().connected === 0 ? true : undefined));
      await othersAreServed();
    });
  }

  it('costs little memory when it makes calls of ten bytes and reads nothing, and is cut', async () => {
    house = await reopen({ stallMs: 3000 });
    const call = packet(1, 2, '0');
    // In one piece, so that the heap holds nothing of the client's.
    const calls = Buffer.alloc(400_000 * call.length, call);
    await readsNothing((reader) => reader.send(calls), 60 * MB);
  });

  type Ask = (reader: PlainClient, feed: string) => void;
  const ASKS: readonly (readonly [protocol: string, most: number, Ask])[] = [
    [
      'createHistoryStream',
      40 * MB,
      (reader, feed) => {
        for (let i = 0; i < 50; i += 1) reader.ask({ id: feed, seq: 1, live: true });
      },
    ],
    // Without pacing all that is not on its way yet stays in memory, some 11 MB.
    ['EBT', 6 * MB, (reader, feed) => reader.replicate({ [feed]: 0 })],
  ];
  for (const [protocol, most, ask] of ASKS) {
    it(`costs little memory when it asks by ${protocol} and reads nothing, and is cut`, async () => {
      house = await reopen({ stallMs: 3000 });
      const feed = new SignedFeed();
      for (let i = 0; i < 3000; i += 1) feed.post('x'.repeat(7000));
      const author = await join(feed);
      await until(feed, ({ sequence }) => sequence === 3000);
      author.close();
      await readsNothing((reader) => ask(reader, feed.id), most);
    });
  }

  async function readsNothing(ask: (reader: PlainClient) => void, bytes: number): Promise<void> {
    const reader = await join(new SignedFeed());
    reader.socket.pause();
    const before = heldMemory();
    ask(reader);
    await othersAreServed();
    // Paused, it does not notice; its other end does.
    const closed = () => (house.relay.status().connected === 1 ? true : undefined);
    let most = 0;
    await eventually(
      'the cut',
      () => {
        most = Math.max(most, heldMemory() - before);
        return closed();
      },
      DEADLINE_MS,
    );
    assert.ok(most < bytes, `${Math.round(most / MB)} MB`);
  }
});

describe('limits', () => {
  it('pause one feed and nothing else; with room it goes on', async () => {
    house = await reopen({ limits: { ...PLENTY, messagesPerFeed: 10 } });
    const feed = written(20);
    await join(feed);
    // It pauses when the next one comes, and the last ones may not be on the disk by then.
    const now = await until(feed, ({ state, sequence }) => state === 'paused' && sequence >= 10);
    assert.equal(now.sequence, 10);
    assert.match(now.reason ?? '', /most messages that one feed may have here \(10\)/);
    assert.equal(house.relay.status().paused, undefined);
    await othersAreServed();
    await house.restart({ limits: PLENTY });
    await join(feed);
    await until(feed, ({ sequence, state }) => sequence === 20 && state === 'ok');
  });

  it('on the bytes of one feed pause it alone, and are not forgotten at a restart', async () => {
    const limits = { ...PLENTY, bytesPerFeed: 10_000 };
    house = await reopen({ limits });
    const feed = new SignedFeed();
    for (let i = 0; i < 20; i += 1) feed.post('ü'.repeat(500));
    let bytes = 0;
    const within = feed.messages.filter(({ value }) => {
      const before = bytes;
      bytes += Buffer.byteLength(JSON.stringify(value));
      return before < limits.bytesPerFeed;
    }).length;
    await join(feed);
    const full = ({ state, sequence }: { state: string; sequence: number }) =>
      state === 'paused' && sequence >= within;
    const now = await until(feed, full);
    assert.equal(now.sequence, within);
    assert.match(now.reason ?? '', /most space that one feed may have here/);
    assert.equal(house.relay.status().paused, undefined);
    await othersAreServed();
    await house.restart({ limits });
    await join(feed);
    assert.equal((await until(feed, full)).sequence, within);
    await house.restart({ limits: PLENTY });
    await join(feed);
    await until(feed, ({ sequence, state }) => sequence === 20 && state === 'ok');
  });

  it('count a message for the relay alone as it was sent, and not opened', () => {
    const { value } = new SignedFeed().post('x');
    const sent = { ...value, content: 'a'.repeat(500) };
    const opened = { ...value, cyphertext: sent.content, private: true };
    assert.equal(bytesOf(sent), Buffer.byteLength(JSON.stringify(sent)));
    assert.equal(bytesOf(opened), bytesOf(sent));
  });

  it('on all messages pause intake, and what is here is served', async () => {
    house = await reopen({ limits: { ...PLENTY, totalMessages: 15 } });
    const feed = written(10);
    const client = await join(feed);
    await until(feed, ({ sequence }) => sequence === 10);
    const late = written(2000);
    await join(late);
    await until(late, ({ state }) => state === 'paused');
    assert.match(house.relay.status().paused ?? '', /most that it may|most messages/);
    const request = client.ask({ id: feed.id, seq: 1, live: false });
    await client.received(request, 10);
    await house.restart({ limits: PLENTY });
    await join(late);
    await until(late, ({ sequence, state }) => sequence === 2000 && state === 'ok');
  });
});

describe('a ban', () => {
  it('stops serving and taking in at once, and lifting it restores both', async () => {
    house = await reopen();
    const feed = written(50);
    const client = await join(feed);
    await until(feed, ({ sequence }) => sequence === 50);
    const other = await join(new SignedFeed());
    const live = other.ask({ id: feed.id, seq: 50, live: true });
    await other.received(live, 1);
    const id = parseFeedId(feed.id);
    house.banned.add(id);
    await house.relay.block(id);
    await eventually('the hang-up', () => (client.socket.closed ? true : undefined), DEADLINE_MS);
    const none = other.ask({ id: feed.id, seq: 1, live: false });
    await eventually('the end', () => (other.replies(none).ended ? true : undefined), DEADLINE_MS);
    assert.deepEqual(other.replies(none).bodies, []);
    assert.equal((await report(feed)).blocked, true);

    house.banned.delete(id);
    await house.relay.unblock(id);
    feed.post('back');
    await join(feed);
    await until(feed, ({ sequence }) => sequence === 51);
    const all = other.ask({ id: feed.id, seq: 1, live: false });
    await other.received(all, 51);
  });
});
