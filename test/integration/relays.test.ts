import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inWords } from '../../src/status/words.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';
import { eventually } from '../support/wait.js';

interface Member {
  readonly peer: StockPeer;
  readonly code: string;
}

function listing(name: string, address: string | undefined): string {
  return `[[peers]]\nname = "${name}"\naddress = "${address}"\n`;
}

describe('two relays that know each other, over real Tor', () => {
  let network: TestNetwork;
  let a: TestRelay;
  let b: TestRelay;
  let alice: Member;
  let bob: Member;

  const memberOf = async (relay: TestRelay): Promise<Member> => {
    const { code } = (await relay.ask('invite.create')) as { code: string };
    const peer = startPeer(join(relay.folder, 'member'), throughSocks(network.client.socks));
    await peer.redeem(code);
    return { peer, code };
  };

  before(async () => {
    network = await testNetwork();
    // A relay has its address from its first start on.
    const first = await startRelay(network.include);
    const { ssbAddress } = await first.status();
    await first.app.stop();
    b = await startRelay(network.include, listing('harbour', ssbAddress));
    const peers = listing('lighthouse', (await b.status()).ssbAddress);
    a = await startRelay(network.include, peers, first.folder);
    alice = await memberOf(a);
    bob = await memberOf(b);
  });
  after(async () => {
    await alice?.peer.close();
    await bob?.peer.close();
    await a?.stop();
    await b?.stop();
    await network?.stop();
  });

  it('find each other, and "snug status" says so', async () => {
    for (const [relay, name] of [
      [a, 'lighthouse'],
      [b, 'harbour'],
    ] as const) {
      const snapshot = await eventually('the connection', async () => {
        const now = await relay.status();
        return now.ssb?.peers[0]?.state === 'connected' ? now : undefined;
      });
      const line = new RegExp(`^Peer {6}${name} \\(@.{8}…\\): connected for less than a minute$`);
      assert.ok(inWords(snapshot).some((words) => line.test(words)));
    }
  });

  it("a post of one relay's member reaches a member of the other", async () => {
    const toA = await alice.peer.connect(alice.code);
    const toB = await bob.peer.connect(bob.code);
    const post = await alice.peer.publish({ type: 'post', text: 'anybody over there?' });
    await eventually('the post', async () =>
      (await bob.peer.history(toB, alice.peer.id)).includes(post.key) ? true : undefined,
    );
    const answer = await bob.peer.publish({ type: 'post', text: 'somebody is' });
    await eventually('the answer', async () =>
      (await alice.peer.history(toA, bob.peer.id)).includes(answer.key) ? true : undefined,
    );
    toA.close(true);
    toB.close(true);
  });
});
