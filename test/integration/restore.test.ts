import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Message } from 'ssb-server';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { temporaryFolder, writeConfig } from '../support/relay.js';
import { type RelayChild, runSnug, startRelayProcess } from '../support/relay-process.js';
import { type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';
import { torsBelow } from '../support/tor-processes.js';
import { eventually } from '../support/wait.js';

describe('a relay that was lost and is restored, over real Tor', () => {
  let network: TestNetwork;
  let folder: string;
  let config: string;
  let relay: RelayChild;
  let member: StockPeer;
  let code: string;
  let id: string;
  let site: string | undefined;
  const peers: StockPeer[] = [];

  const newPeer = () => {
    const dial = throughSocks(network.client.socks, { timeout: 15_000, isolate: true });
    const peer = startPeer(join(folder, `peer${peers.length}`), dial);
    peers.push(peer);
    return peer;
  };
  const snug = async (...args: string[]) => {
    const result = await runSnug(['--config', config, ...args]);
    assert.equal(result.code, 0, result.err);
    return result;
  };
  const backup = (name: string) =>
    snug('backup', '--passphrase-file', join(folder, 'passphrase'), join(folder, name));
  const newCode = async () => ((await relay.ask('invite.create')) as { code: string }).code;
  const ownFeed = async () => (await relay.status()).ssb?.ownFeed;
  /** Tor takes some attempts until it knows the new introduction points. */
  const reconnect = (peer: StockPeer) =>
    eventually('the way in', () => peer.connect(code).catch(() => undefined));
  /** Once more where Tor could not connect in time: a code answers the feed that used it again. */
  const redeem = (peer: StockPeer, with_: string) =>
    eventually('the redemption', () =>
      peer.redeem(with_).then(
        () => true,
        (error: Error) => {
          if (!/timed out|Socks5/.test(error.message)) throw error;
          return undefined;
        },
      ),
    );
  const held = (sequence: number): Promise<Message> =>
    eventually(
      `the member to have message ${sequence} of the relay`,
      () =>
        new Promise<Message | undefined>((resolve) =>
          member.server.getAtSequence([id, sequence], (_error, message) => resolve(message)),
        ),
    );
  /** Another board: nothing is left of the old one but the file. */
  const loseAndRestore = async (name: string) => {
    await relay.kill('SIGKILL');
    // Its Tor ends by itself, and writes until then.
    await eventually('the end of its Tor', async () =>
      (await torsBelow(folder)).length === 0 ? true : undefined,
    );
    await rm(join(folder, 'state'), { recursive: true });
    await rm(join(folder, 'run'), { recursive: true });
    const { err } = await snug(
      'restore',
      '--passphrase-file',
      join(folder, 'passphrase'),
      join(folder, name),
    );
    assert.ok(err.includes(id), err);
    relay = await startRelayProcess(config, folder);
  };
  const untilPublishing = () =>
    eventually('the wait to end', async () =>
      (await ownFeed())?.held === undefined ? true : undefined,
    );
  /** Says what the relay answers when it takes in nobody. */
  const refusal = (peer: StockPeer, with_: string) =>
    eventually('the refusal', () =>
      peer.redeem(with_).then(
        () => 'redeemed',
        (error: Error) => (/timed out|Socks5/.test(error.message) ? undefined : error.message),
      ),
    );

  before(async () => {
    network = await testNetwork();
    folder = await temporaryFolder();
    config = await writeConfig(folder, network.include);
    await writeFile(join(folder, 'passphrase'), 'four words of a test\n', { mode: 0o600 });
    relay = await startRelayProcess(config, folder);
    const status = await relay.status();
    id = status.ssb?.id ?? '';
    site = status.site;
    member = newPeer();
    code = await newCode();
    await member.publish({ type: 'contact', contact: id, following: true });
    await redeem(member, code);
    const rpc = await reconnect(member);
    await held(1);
    rpc.close(true);
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    await relay?.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
    await network?.stop();
  });

  it('has the same addresses, its members come back, and its feed goes on unforked', async () => {
    const guest = newPeer();
    const invitation = await newCode();
    await backup('first.age');
    await loseAndRestore('first.age');
    assert.equal((await relay.status()).site, site);
    assert.equal((await relay.status()).ssb?.id, id);
    assert.equal((await ownFeed())?.held?.recorded, 1);
    assert.match(await refusal(guest, invitation), /waits for its own messages/);
    // The member's client changes nothing: the same address, the same key.
    const rpc = await reconnect(member);
    await untilPublishing();
    await redeem(guest, invitation);
    const first = await held(1);
    const second = await held(2);
    assert.equal(second.value.previous, first.key);
    assert.deepEqual(await member.contacts(await reconnect(member), id), [member.id, guest.id]);
    rpc.close(true);
  });

  it('publishes nothing before what an old backup does not know is back', async () => {
    const unused = await newCode();
    await backup('second.age');
    const between = newPeer();
    const line = await reconnect(member);
    await redeem(between, await newCode());
    const third = await held(3);
    line.close(true);
    await loseAndRestore('second.age');
    assert.equal((await ownFeed())?.held?.recorded, 2);
    const guest = newPeer();
    const fresh = await newCode();
    assert.match(await refusal(guest, fresh), /waits for its own messages/);
    const status = await runSnug(['--config', config, 'status']);
    assert.match(status.out, /waiting for members/);
    assert.equal(status.code, 1);
    assert.equal((await ownFeed())?.sequence, 0);
    const rpc = await reconnect(member);
    // A guest follows nobody here, and is heard of too: it was a member before the backup.
    await reconnect(peers[1] ?? member);
    await reconnect(between);
    await untilPublishing();
    await redeem(guest, fresh);
    const fourth = await held(4);
    assert.equal(fourth.value.previous, third.key);
    assert.equal((await held(3)).key, third.key);
    // It may have been redeemed between the backup and the loss, so it is no good any more.
    assert.match(await refusal(newPeer(), unused), /phase 3|hung up|withdrawn/);
    rpc.close(true);
  });
});
