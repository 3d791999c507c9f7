import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import ssbBlobs from 'ssb-blobs';
import { joinWith, type Member } from '../support/blob-peer.js';
import { collectBytes, makeBlob } from '../support/blobs.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { startPeer, throughSocks } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

const KIB = 1024;

describe('two members on EBT who never meet, over real Tor', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  let alice: Member;
  let bob: Member;

  const member = async (name: string): Promise<Member> => {
    const dial = throughSocks(network.client.socks, { isolate: true });
    const peer = startPeer(join(relay.folder, name), dial, { plugins: [ssbBlobs] });
    const { code } = (await relay.ask('invite.create')) as { code: string };
    return await joinWith(peer, code);
  };
  const connected = async () => (await relay.status()).ssb?.connected;
  /** In the member's own database. */
  const untilKnows = ({ peer }: Member, feed: string, sequence: number) =>
    eventually(
      `message ${sequence}`,
      () =>
        new Promise<true | undefined>((resolve) =>
          peer.server.getVectorClock((_error, clock) =>
            resolve((clock?.[feed] ?? 0) >= sequence || undefined),
          ),
        ),
    );
  const untilRelayHas = (feed: string, sequence: number) =>
    eventually(`message ${sequence} in the relay`, async () => {
      const report = (await relay.ask('member.show', { feed })) as { sequence: number };
      return report.sequence >= sequence || undefined;
    });
  /** The one visit is over before the next begins. */
  const visit = async (who: Member, during: () => Promise<unknown>) => {
    await eventually('the other to be gone', async () => (await connected()) === 0 || undefined);
    await who.visit(during);
  };

  before(async () => {
    network = await testNetwork();
    relay = await startRelay(network.include);
    alice = await member('alice');
    bob = await member('bob');
  });
  after(async () => {
    await alice?.peer.close();
    await bob?.peer.close();
    await relay?.stop();
    await network?.stop();
  });

  it('exchange feeds and a blob through the relay', async () => {
    const { id, bytes } = makeBlob(300 * KIB + 1);
    const [ofAlice, ofBob] = [alice.peer.id, bob.peer.id];
    await bob.peer.publish({ type: 'contact', contact: ofAlice, following: true });
    await alice.peer.publish({ type: 'contact', contact: ofBob, following: true });
    await alice.peer.publish({ type: 'post', text: 'look at this', mentions: [{ link: id }] });
    await alice.add(bytes);
    await visit(alice, async () => {
      await alice.push(id);
      await untilRelayHas(ofAlice, 2);
      await eventually('the blob in the relay', async () =>
        (await relay.status()).ssb?.blobs.count === 1 ? true : undefined,
      );
    });
    await visit(bob, async () => {
      await untilKnows(bob, ofAlice, 2);
      await bob.want(id);
      await bob.peer.publish({ type: 'post', text: 'how fine' });
      await untilRelayHas(ofBob, 2);
    });
    assert.ok(bytes.equals(await collectBytes(bob.blob(id))));
    await visit(alice, () => untilKnows(alice, ofBob, 2));
  });
});
