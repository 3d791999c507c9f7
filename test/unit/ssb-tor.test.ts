import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import ssbKeys from 'ssb-keys';
import ssbServer, { type SsbServer } from 'ssb-server';
import { formatOnionAddress, parseOnionAddress } from '../../src/ssb/ssb-tor/address.js';
import { ssbTor } from '../../src/ssb/ssb-tor/index.js';
import { temporaryFolder } from '../support/relay.js';
import { openSsbHouse, SOME_ONION } from '../support/ssb-house.js';

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
