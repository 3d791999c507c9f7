import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

describe('Tor killed with -9', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  let member: StockPeer;
  let code: string;

  before(async () => {
    network = await testNetwork();
    relay = await startRelay(network.include);
    member = startPeer(join(relay.folder, 'member'), throughSocks(network.client.socks));
    ({ code } = (await relay.ask('invite.create')) as { code: string });
    await member.redeem(code);
  });
  after(async () => {
    await member?.close();
    await relay?.stop();
    await network?.stop();
  });

  for (const time of ['once', 'twice']) {
    it(`${time}: it comes back by itself with the same address, and the member gets in`, async () => {
      const earlier = await relay.status();
      const pid = (earlier.tor as { pid?: number }).pid;
      assert.ok(pid);
      process.kill(pid, 'SIGKILL');
      await eventually('the relay to notice', async () =>
        (await relay.status()).ready ? undefined : true,
      );
      const later = await eventually('the relay to be well again', async () => {
        const status = await relay.status();
        return status.ready ? status : undefined;
      });
      assert.equal(later.site, earlier.site);
      assert.equal(later.tor?.restarts, (earlier.tor?.restarts ?? 0) + 1);
      const rpc = await eventually('the member to connect', () =>
        member.connect(code).catch(() => undefined),
      );
      rpc.close(true);
    });
  }
});
