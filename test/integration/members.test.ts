import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCli } from '../../src/cli/program.js';
import type { Report } from '../../src/doctor/finding.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';

const REFUSED_AT_THE_DOOR = /phase 3|hung up/;

describe('the commands of the operator, beside a relay on real Tor', () => {
  let network: TestNetwork;
  let relay: TestRelay;
  let member: StockPeer;
  let code: string;

  const snug = async (...args: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const ended = await runCli(['--config', join(relay.folder, 'snug.toml'), ...args], {
      env: { PATH: process.env.PATH },
      terminal: { out: (line) => out.push(line), err: (line) => err.push(line) },
      signal: new AbortController().signal,
    });
    return { code: ended, out: out.join('\n'), err: err.join('\n') };
  };
  const newCode = async (note: string) => (await snug('invite', 'create', '--note', note)).out;

  before(async () => {
    // As main.ts has it; the relay runs in this process.
    process.umask(0o077);
    network = await testNetwork();
    relay = await startRelay(network.include);
    member = startPeer(join(relay.folder, 'member'), throughSocks(network.client.socks));
    code = await newCode('for Ada');
    await member.redeem(code);
  });
  after(async () => {
    await member?.close();
    await relay?.stop();
    await network?.stop();
  });

  it('tell how a member came, and what has become of the code', async () => {
    const [id = ''] = (await snug('invite', 'list')).out.split(' ');
    assert.match((await snug('invite', 'list')).out, /redeemed +none left .*min ago.* for Ada$/);
    const { out } = await snug('member', 'show', member.id);
    assert.match(out, new RegExp(`Came by +code ${id}, for Ada`));
    assert.match(out, /Here as +member/);
    assert.match(out, /Since +.*\(0 min ago\)/);
  });

  it('print the address alone', async () => {
    const { site } = await relay.status();
    assert.deepEqual(await snug('address'), { code: 0, out: `${site}/invite/`, err: '' });
  });

  it('find nothing wrong with a relay that is well', async () => {
    const { code: ended, out } = await snug('doctor', '--json');
    const { checks } = JSON.parse(out) as Report;
    assert.deepEqual(
      checks.flatMap(({ findings }) => findings),
      [],
    );
    assert.equal(ended, 0);
  });

  it('remove a member, who is hung up on and comes back with a new code only', async () => {
    const rpc = await member.connect(code);
    const closed = new Promise<void>((resolve) => rpc.once('closed', resolve));
    assert.equal((await snug('member', 'remove', member.id)).code, 0);
    await closed;
    await assert.rejects(member.connect(code), REFUSED_AT_THE_DOOR);
    await assert.rejects(member.redeem(code));
    assert.match((await snug('member', 'show', member.id)).out, /Here as +removed on/);
    const twice = await snug('member', 'remove', member.id);
    assert.equal(twice.code, 65);
    assert.match(twice.err, /no member of this relay/);
    code = await newCode('again');
    await member.redeem(code);
    const back = await member.connect(code);
    back.close(true);
  });

  it('ban a member, whom no code brings back, and lift the ban', async () => {
    assert.equal((await snug('ban', member.id, '--reason', 'spam')).code, 0);
    assert.match((await snug('bans')).out, /since .* spam$/);
    await assert.rejects(member.redeem(await newCode('no use')));
    assert.equal((await snug('unban', member.id)).code, 0);
    assert.equal((await snug('bans', '--json')).out, '[]');
    assert.match((await snug('member', 'show', member.id)).out, /Here as +member/);
  });

  it('do not remove or ban the relay itself', async () => {
    const own = (await relay.status()).ssb?.id ?? '';
    for (const command of [['member', 'remove'], ['ban']]) {
      const { code: ended, err } = await snug(...command, own);
      assert.equal(ended, 65);
      assert.match(err, /relay's own feed/);
    }
  });
});
