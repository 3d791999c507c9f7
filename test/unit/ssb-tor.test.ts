import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import ssbKeys from 'ssb-keys';
import ssbServer, { type SsbServer } from 'ssb-server';
import { formatOnionAddress, parseOnionAddress } from '../../src/ssb/ssb-tor/address.js';
import { ssbTor } from '../../src/ssb/ssb-tor/index.js';
import {
  type Arrival,
  Listener,
  type ListenOptions,
  type Places,
} from '../../src/ssb/ssb-tor/listen.js';
import { temporaryFolder } from '../support/relay.js';
import { openSsbHouse, SOME_ONION } from '../support/ssb-house.js';
import { eventually } from '../support/wait.js';

const ONE_PLACE: Places = { most: 1, givesWay: 'oldest' };

describe('onion addresses', () => {
  it('a sound address is read, in any case', () => {
    const address = parseOnionAddress(`onion:${SOME_ONION.toUpperCase()}:8008`);
    assert.deepEqual(address, { name: 'onion', host: SOME_ONION, port: 8008 });
    assert.equal(formatOnionAddress(SOME_ONION, 8008), `onion:${SOME_ONION}:8008`);
  });

  for (const [what, text] of [
    ['a version 2 host', 'onion:expyuzz4wqqyqhjn.onion:8008'],
    ['55 letters', `onion:${SOME_ONION.slice(1)}:8008`],
    ['one letter wrong', `onion:b${SOME_ONION.slice(1)}:8008`],
    ['another name', `onion:example.org:8008`],
    ['no port', `onion:${SOME_ONION}`],
    ['port 0', `onion:${SOME_ONION}:0`],
    ['a port too large', `onion:${SOME_ONION}:65536`],
    ['another transport', `net:${SOME_ONION}:8008`],
  ] as const) {
    it(`${what} is not taken`, () => assert.equal(parseOnionAddress(text), null));
  }
});

describe('places at the door', () => {
  let folder: string;
  let listener: Listener;
  let arrivals: Arrival[];
  beforeEach(async () => {
    folder = await temporaryFolder();
    arrivals = [];
  });
  afterEach(async () => {
    await listener.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(options: Partial<ListenOptions>): Promise<void> {
    listener = new Listener({
      connections: 2,
      handshakes: 6,
      handshakesOfCircuit: 3,
      circuits: true,
      onConnection: (socket, arrival) => {
        socket.on('error', () => undefined).resume();
        arrivals.push(arrival);
      },
      ...options,
    });
    await once(listener.server.listen(join(folder, 'sock')), 'listening');
  }

  /** @returns the connection once it is taken */
  async function come(circuit?: number): Promise<Socket> {
    const before = arrivals.length;
    const socket = connect(join(folder, 'sock')).on('error', () => undefined);
    const line = `PROXY TCP6 fc00:dead:beef:4dad::0:${circuit?.toString(16)} ::1 44 8008\r\n`;
    if (circuit !== undefined) socket.write(line);
    socket.resume();
    await eventually('the arrival', () => arrivals.length > before || undefined);
    return socket;
  }

  const untilClosed = (sockets: Socket[]) =>
    eventually('the cuts', () => sockets.every((socket) => socket.closed) || undefined);

  it('in the handshake are not taken from others by one circuit, nor by many streams of some', async () => {
    await open({});
    const honest = await come(1);
    const flood: Socket[] = [];
    for (const circuit of [2, 2, 2, 3, 3, 3, 4, 4, 4, 2, 3, 4, 4, 4, 4]) {
      flood.push(await come(circuit));
    }
    await untilClosed(flood.slice(0, 3));
    assert.equal(honest.closed, false);
    for (const socket of [honest, ...flood]) socket.destroy();
  });

  it('of one circuit are three, and its oldest gives way', async () => {
    await open({});
    const sockets: Socket[] = [];
    for (let i = 0; i < 5; i += 1) sockets.push(await come(7));
    await untilClosed(sockets.slice(0, 2));
    assert.ok(sockets.slice(2).every((socket) => !socket.closed));
    for (const socket of sockets) socket.destroy();
  });

  it('without circuits are taken by the newest from the oldest', async () => {
    await open({ circuits: false });
    const sockets: Socket[] = [];
    for (let i = 0; i < 8; i += 1) sockets.push(await come());
    await untilClosed(sockets.slice(0, 2));
    assert.ok(sockets.slice(2).every((socket) => !socket.closed));
    for (const socket of sockets) socket.destroy();
  });

  it('are there for a newcomer although all others are taken', async () => {
    await open({ connections: 1, handshakes: 1 });
    const member = await come(1);
    arrivals[0]?.proven('a', ONE_PLACE);
    const silent = await come(2);
    const newcomer = await come(3);
    await untilClosed([silent]);
    arrivals[2]?.proven('a', ONE_PLACE);
    await untilClosed([member]);
    assert.equal(newcomer.closed, false);
    newcomer.destroy();
  });
});

describe('nothing is dialled but onions through SOCKS', () => {
  let folder: string;
  let server: SsbServer;
  beforeEach(async () => {
    folder = await temporaryFolder();
    // The stock stack with its net transport and a configuration that asks for it.
    server = ssbServer.createSsbServer().use(
      ssbTor({
        host: SOME_ONION,
        port: 8008,
        listen: join(folder, 'ssb.sock'),
        socks: join(folder, 'socks'),
        connections: 4,
        handshakes: 4,
        handshakesOfCircuit: 2,
        placesOf: () => ONE_PLACE,
        onListening: () => undefined,
      }),
    )({
      path: join(folder, 'ssb'),
      keys: ssbKeys.generate('ed25519'),
      connections: {
        incoming: { net: [{ scope: 'device', transform: 'shs', port: 0 }] },
        outgoing: { net: [{ transform: 'shs' }], ws: [{ transform: 'shs' }] },
      },
      timers: { handshake: 5000 },
    });
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve as () => void));
    await rm(folder, { recursive: true, force: true });
  });

  const dial = (to: SsbServer, address: string) =>
    new Promise<Error | null>((resolve) => to.connect(address, (error) => resolve(error)));

  it('a net: address is refused without a connection, though the configuration asked for it', async () => {
    let connections = 0;
    const bait = createServer(() => {
      connections += 1;
    }).listen(0, '127.0.0.1');
    await once(bait, 'listening');
    const { port } = bait.address() as { port: number };
    const key = ssbKeys.generate('ed25519').public.replace('.ed25519', '');
    const house = await openSsbHouse();
    for (const scheme of ['net', 'ws', 'unix']) {
      const address = `${scheme}:127.0.0.1:${port}~shs:${key}`;
      assert.match(String(await dial(server, address)), /could not connect to/);
      await assert.rejects(house.relay.connect(address), /Only relays of the configuration/);
    }
    await house.close();
    assert.equal(connections, 0);
    bait.close();
  });

  it('an onion is asked for from SOCKS by name, with credentials that name it', async () => {
    const asked: Buffer[] = [];
    const socks = createServer((socket) => {
      let step = 0;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        asked.push(chunk);
        step += 1;
        if (step === 1) socket.write(Buffer.from([5, 2]));
        else if (step === 2) socket.write(Buffer.from([1, 0]));
        else socket.end(Buffer.from([5, 0xf0, 0, 1, 0, 0, 0, 0, 0, 0]));
      });
    }).listen(join(folder, 'socks'));
    await once(socks, 'listening');
    const key = ssbKeys.generate('ed25519').public.replace('.ed25519', '');
    const error = await dial(server, `onion:${SOME_ONION}:8008~shs:${key}`);
    assert.match(String(error), /could not be reached through Tor/);
    assert.ok(asked[1]?.includes(SOME_ONION.slice(0, 56)), 'credentials name the destination');
    assert.ok(asked[2]?.includes(SOME_ONION), 'the name is resolved by Tor, not here');
    socks.close();
  });

  it('its only advertised address is its onion', () => {
    assert.match(
      String(server.getAddress('public')),
      new RegExp(`^onion:${SOME_ONION}:8008~shs:[A-Za-z0-9+/]{43}=$`),
    );
    assert.equal(server.getAddress(), server.getAddress('public'));
  });
});
