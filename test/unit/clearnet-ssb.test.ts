import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkSsb } from '../../src/clearnet/checks.js';
import { outsideThroughTor } from '../../src/clearnet/through-tor.js';
import { findFreePorts } from '../../src/demo/free-ports.js';
import { codeOf } from '../../src/support/errors.js';
import { type FakeOutside, openFakeOutside } from '../support/fake-outside.js';
import { temporaryFolder } from '../support/relay.js';
import { type SocketProxy, startSocketProxy } from '../support/socket-proxy.js';
import { openSsbHouse, type SsbHouse } from '../support/ssb-house.js';
import { type Dial, type StockPeer, startPeer } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const DOMAIN = 'pub.example.org';
const REFUSED_AT_THE_DOOR = /phase 3|hung up/;

describe('SSB at the domain', () => {
  let folder: string;
  let house: SsbHouse;
  let proxy: SocketProxy;
  let outside: FakeOutside;
  let port = 0;
  let plain = '';
  const peers: StockPeer[] = [];

  before(async () => {
    folder = await temporaryFolder();
    plain = join(folder, 'ssb.sock');
    [port = 0] = await findFreePorts(1);
    house = await openSsbHouse({}, { clearnet: { listen: plain, mode: 0o660 } });
    proxy = await startSocketProxy(port, plain);
    outside = await openFakeOutside(join(folder, 'socks'), { [DOMAIN]: '203.0.113.5' });
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    await proxy?.stop();
    await house?.close();
    await outside?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the domain's DNS would do. */
  const direct: Dial = async (host, asked) => {
    assert.deepEqual([host, asked], [DOMAIN, port]);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const peer = () => {
    const started = startPeer(join(folder, `peer${peers.length}`), direct);
    peers.push(started);
    return started;
  };
  const code = () => house.code().replace(/^[^:]+:\d+/, `${DOMAIN}:${port}`);
  const ssbState = async () => {
    const checks = await checkSsb({
      domain: DOMAIN,
      onionPage: '',
      ports: { http: 0, https: 0 },
      ssbPort: port,
      outside: outsideThroughTor(outside.socks),
      now: Date.now,
      patienceMs: 5000,
    });
    return checks.map(({ name, state }) => [name, state]);
  };

  it("the socket's group may connect, and nobody else", async () => {
    assert.equal((await stat(plain)).mode & 0o777, 0o660);
    assert.equal((await stat(house.socket)).mode & 0o777, 0o600);
  });

  it('a peer redeems its code directly, is followed, and comes in as itself', async () => {
    const ada = peer();
    const invite = code();
    await ada.redeem(invite);
    assert.equal(house.relay.status().members, 1);
    const rpc = await ada.connect(invite);
    assert.deepEqual(await ada.contacts(rpc, house.relay.id), [ada.id]);
    assert.equal(house.relay.status().arrivals, 0, 'it did not come through Tor');
    rpc.close(true);
  });

  it('strangers meet the same door as behind the onion, and the onion goes on', async () => {
    await assert.rejects(peer().connect(code()), REFUSED_AT_THE_DOOR);
    const used = code();
    await peer().redeem(used);
    await assert.rejects(peer().redeem(used), REFUSED_AT_THE_DOOR);
    await house.peer().redeem(house.code());
    assert.deepEqual(house.lines, []);
  });

  it('a flood of silent connections there takes no place behind the onion', async () => {
    const silent: Socket[] = Array.from({ length: 90 }, () => connect(plain));
    let closed = 0;
    for (const socket of silent) {
      socket
        .on('error', () => undefined)
        .on('close', () => {
          closed += 1;
        });
      socket.resume();
    }
    await eventually('the oldest give way', () => (closed >= 20 ? true : undefined));
    await house.peer().redeem(house.code());
    for (const socket of silent) socket.destroy();
  });

  it('its address stays the onion’s', () => {
    assert.match(house.relay.address, /^onion:[a-z2-7]{56}\.onion:8008~shs:/);
  });

  it('the check sees whether the relay is behind the port', async () => {
    assert.deepEqual(await ssbState(), [['ssb', 'ok']]);
    await proxy.stop();
    assert.deepEqual(await ssbState(), [['ssb', 'failed']]);
    proxy = await startSocketProxy(port, join(folder, 'nobody.sock'));
    assert.deepEqual(await ssbState(), [['ssb', 'failed']]);
  });

  it('a socket in the way is not replaced, and the relay says so', async () => {
    const path = join(folder, 'precious');
    await writeFile(path, 'precious');
    await assert.rejects(
      openSsbHouse({}, { clearnet: { listen: path, mode: 0o600 } }),
      (error) => codeOf(error) === 'SOCKET_PATH_TAKEN',
    );
  });
});
