import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  CODE_PERMISSIONS,
  type Granted,
  MEMBER_PERMISSIONS,
  PEER_PERMISSIONS,
} from '../../src/ssb/permissions.js';
import { parseFeedId } from '../../src/support/feed-id.js';
import { parseOnionHost } from '../../src/support/onion-host.js';
import { connectHastily } from '../support/hasty-client.js';
import { type Packet, PlainClient, packet } from '../support/plain-client.js';
import { SignedFeed } from '../support/signed-feed.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import { eventually } from '../support/wait.js';

const OTHER_ONION = parseOnionHost(
  '5j7x27weg7v7cidchx5bkd5lnbx6facvydny74tftnf26ibbl63qxgad.onion',
);
const CALL = 2;
const STREAM = 8;
const JSON_BODY = 2;
const LEAKS = /node_modules|stack|\.[jt]s:\d|\/tmp|\/home/;

/** What no client would send, and what one would. */
const ARGUMENTS: readonly unknown[] = [
  [],
  [null],
  [7],
  ['x'],
  [{}],
  [[]],
  ['a', 'b'],
  [{}, 5],
  [null, null, null],
  [{ feed: 7 }],
  [{ version: 3 }],
  [{ id: 7, seq: 'x' }],
  [['x'], ['x']],
  'no list',
  { length: 2 },
  null,
];
const KINDS = ['async', 'sync', 'source', 'sink', 'duplex', 'nonsense', null];
const NO_METHODS: readonly unknown[] = [
  7,
  null,
  {},
  { toString: 1 },
  [],
  ['__proto__', 'constructor'],
  ['follow', 'hook'],
  ['blobs'],
  'emit',
];

function flagsOf(kind: string | null): number {
  return (kind === 'async' ? 0 : STREAM) | CALL;
}

/** Everything strange that can be said in a call of this method. */
function strangeCalls(name: unknown): { flags: number; body: string }[] {
  return KINDS.flatMap((kind) =>
    ARGUMENTS.map((args) => {
      const type = kind === 'async' ? {} : { type: kind };
      return { flags: flagsOf(kind), body: JSON.stringify({ name, args, ...type }) };
    }),
  );
}

describe('whatever a peer calls, and however', () => {
  let house: SsbHouse;
  beforeEach(async () => {
    const fails = () => Promise.reject(new Error('ENOSPC /home/secret-folder/db.js:7'));
    house = await openSsbHouse({ redeem: fails, sponsor: fails });
  });
  afterEach(() => house.close());

  /** Also what was cut is remembered nowhere. */
  async function nobodyIsConnected(): Promise<void> {
    const nobody = () => house.relay.status().connected === 0 || undefined;
    await eventually('the end of all connections', nobody, 10_000);
  }

  /** Makes each call, with a new connection where the last one was cut. @returns all that came */
  async function makeCalls(
    feed: SignedFeed,
    calls: readonly { flags: number; body: string }[],
  ): Promise<Packet[]> {
    const came: Packet[] = [];
    let client: PlainClient | undefined;
    let request = 0;
    for (const { flags, body } of calls) {
      if (client === undefined || client.socket.closed) {
        client = await PlainClient.connect(house.socket, house.relay.id, feed);
        request = 0;
      }
      const { socket, packets } = client;
      client.send(packet(request + 1, flags, body));
      client.send(packet(request + 2, CALL, JSON.stringify({ name: ['getAddress'], args: [] })));
      request += 2;
      const answered = () => packets.some((got) => got.request === -request);
      while (!answered() && !socket.closed) await new Promise((done) => setImmediate(done));
      came.push(...packets.splice(0));
    }
    client?.close();
    await nobodyIsConnected();
    return came;
  }

  const ROLES: readonly [string, Granted, () => Promise<SignedFeed>][] = [
    ["a code's key", CODE_PERMISSIONS, async () => SignedFeed.ofCode(house.code())],
    [
      'a member',
      MEMBER_PERMISSIONS,
      async () => {
        const feed = new SignedFeed();
        await house.relay.follow(parseFeedId(feed.id));
        return feed;
      },
    ],
    [
      'a listed relay',
      PEER_PERMISSIONS,
      async () => {
        const feed = new SignedFeed();
        const id = parseFeedId(feed.id);
        const plan = { name: undefined, host: OTHER_ONION, port: 8008, id, line: undefined };
        await house.restart({ peers: [plan] });
        return feed;
      },
    ],
  ];
  for (const [who, { allow }, enter] of ROLES) {
    it(`${who} neither ends the process nor hears of this machine`, async () => {
      const feed = await enter();
      const names = [...allow.map((method) => method.split('.')), ...NO_METHODS];
      const came = await makeCalls(feed, names.flatMap(strangeCalls));
      assert.ok(came.length > names.length);
      const leaks = came.map((got) => JSON.stringify(got.body)).filter((body) => LEAKS.test(body));
      assert.deepEqual(leaks, []);
    });
  }

  it('a method with a callback is told what it takes', async () => {
    const feed = SignedFeed.ofCode(house.code());
    const body = JSON.stringify({ name: ['invite', 'use'], args: [] });
    const [refused] = await makeCalls(feed, [{ flags: CALL, body }]);
    assert.deepEqual(refused?.body, {
      message: 'wrong arguments for invite.use',
      name: 'Error',
    });
  });

  const FIRST_WORDS: Readonly<Record<string, Buffer>> = {
    'what is no muxrpc': packet(1, STREAM | JSON_BODY, 'null'),
    'a goodbye': Buffer.alloc(9),
    'a frame that is too long': packet(1, CALL, Buffer.alloc(2 ** 21, 32)),
  };
  for (const [what, words] of Object.entries(FIRST_WORDS)) {
    it(`${what}, said with the last words of the handshake, ends that connection alone`, async () => {
      const feed = new SignedFeed();
      await house.relay.follow(parseFeedId(feed.id));
      const socket = connectHastily(house.socket, house.relay.id, feed, words);
      await eventually('the cut', () => socket.closed || undefined);
      await nobodyIsConnected();
      const client = await PlainClient.connect(house.socket, house.relay.id, feed);
      client.close();
    });
  }
});
