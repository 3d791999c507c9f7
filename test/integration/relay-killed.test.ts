import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { temporaryFolder, writeConfig } from '../support/relay.js';
import { type RelayChild, runSnug, startRelayProcess } from '../support/relay-process.js';
import { answerTo, type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

/** How far a redemption gets before the kill differs with each of these, in milliseconds. */
const MOMENTS = [0, 25, 60, 120];

describe('the relay killed with -9 in the middle of a redemption', () => {
  let network: TestNetwork;
  let folder: string;
  let config: string;
  let relay: RelayChild;
  const peers: StockPeer[] = [];
  const newPeer = () => {
    // Tor waits two minutes for a service that died in the middle of a rendezvous.
    const dial = throughSocks(network.client.socks, { timeout: 15_000, isolate: true });
    const peer = startPeer(join(folder, `peer${peers.length}`), dial);
    peers.push(peer);
    return peer;
  };

  before(async () => {
    network = await testNetwork();
    folder = await temporaryFolder();
    config = await writeConfig(folder, network.include);
    relay = await startRelayProcess(config, folder);
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    await relay?.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
    await network?.stop();
  });

  for (const moment of MOMENTS) {
    it(`${moment} ms after the client began: one follow, one member, the same address`, async () => {
      const peer = newPeer();
      const earlier = await relay.status();
      const { code } = (await relay.ask('invite.create')) as { code: string };
      const attempt = peer.redeem(code).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, moment));
      await relay.kill('SIGKILL');
      await attempt;

      relay = await startRelayProcess(config, folder);
      assert.equal((await relay.status()).site, earlier.site);
      // When the code had been redeemed before the kill, the answer is "already following".
      const rpc = await eventually('the peer to be a member', async () => {
        await peer.redeem(code).catch(() => undefined);
        return peer.connect(code).catch(() => undefined);
      });
      const stranger = newPeer();
      assert.match(await answerTo(stranger, code), /hung up|phase 3|used already/);
      const contacts = await peer.contacts(rpc, earlier.ssb?.id ?? '');
      assert.equal(contacts.filter((feed) => feed === peer.id).length, 1);
      rpc.close(true);
    });
  }

  it('a second start on the same folder is refused, and the first goes on', async () => {
    const second = await runSnug(['--config', config, 'start']);
    assert.equal(second.code, 75);
    assert.match(second.err, /already|another/i);
    assert.equal((await relay.status()).ready, true);
  });
});
