import assert from 'node:assert/strict';
import { accessSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findFreePorts } from '../../src/demo/free-ports.js';
import { findTorPrograms } from '../../src/demo/programs.js';
import { TorNode } from '../../src/demo/tor-node.js';
import { type TestNetwork, testNetwork } from '../support/network.js';
import { askOnion } from '../support/onion-http.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { throughSocks } from '../support/ssb-peer.js';

function missing(): string | false {
  try {
    accessSync('/usr/bin/obfs4proxy');
    return false;
  } catch {
    return 'the Debian package obfs4proxy is not installed';
  }
}

/** A bridge of the private network, which is in no list. */
async function startBridge(folder: string, include: string) {
  await mkdir(folder, { mode: 0o700 });
  const [port] = await findFreePorts(1);
  const torrc = join(folder, 'torrc');
  const lines = [
    `%include "${include}"`,
    `DataDirectory ${folder}`,
    'Log notice stdout',
    `__OwningControllerProcess ${process.pid}`,
    'ShutdownWaitLength 0',
    'SocksPort 0',
    'Nickname hidden',
    'Address 127.0.0.1',
    'ORPort 127.0.0.1:auto IPv4Only',
    'ExtORPort auto',
    'AssumeReachable 1',
    'BridgeRelay 1',
    'PublishServerDescriptor 0',
    'ExitRelay 0',
    'ServerTransportPlugin obfs4 exec /usr/bin/obfs4proxy',
    `ServerTransportListenAddr obfs4 127.0.0.1:${port}`,
  ];
  await writeFile(torrc, `${lines.join('\n')}\n`, { mode: 0o600 });
  const { tor } = await findTorPrograms();
  const node = new TorNode({ name: 'bridge', tor, torrc });
  await node.bootstrapped;
  const [, fingerprint] = (await readFile(join(folder, 'fingerprint'), 'utf8')).trim().split(' ');
  const hints = await readFile(join(folder, 'pt_state', 'obfs4_bridgeline.txt'), 'utf8');
  const extras = /cert=.*$/m.exec(hints)?.[0];
  return { node, line: `obfs4 127.0.0.1:${port} ${fingerprint} ${extras}` };
}

/** @returns the remote ports of a process's TCP connections (proc(5), /proc/net/tcp) */
async function peersOf(pid: number): Promise<number[]> {
  const folder = `/proc/${pid}/fd`;
  const links = (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => ''));
  const own = new Set(await Promise.all(links));
  const rows = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).trim().split('\n').slice(1);
  const columns = rows.map((row) => row.trim().split(/\s+/));
  const mine = columns.filter((column) => own.has(`socket:[${column[9]}]`));
  return mine.map(([, , remote = '']) => Number.parseInt(remote.split(':')[1] ?? '0', 16));
}

describe('a relay that may not speak to Tor openly', { skip: missing() }, () => {
  let folder: string;
  let network: TestNetwork;
  let bridge: TorNode;
  let relay: TestRelay;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snug-bridge-'));
    network = await testNetwork();
    const { node, line } = await startBridge(join(folder, 'bridge'), network.include);
    bridge = node;
    // `more` goes on in the section [tor].
    relay = await startRelay(network.include, `bridges = ["${line}"]\n`);
  });
  after(async () => {
    await relay?.stop();
    await bridge?.stop();
    await network?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('reaches the network through a bridge of the kind obfs4, and visitors reach it', async () => {
    assert.ok(relay.lines.some((line) => /new bridge descriptor 'hidden'/.test(line)));
    const { site } = await relay.status();
    const page = await askOnion(throughSocks(network.client.socks), `${site}/invite/`);
    assert.equal(page.status, 200);
  });

  it('its Tor speaks to no relay of the network but through the bridge program', async () => {
    const { pid } = relay.app.status().tor as { pid?: number };
    const peers = await peersOf(pid ?? 0);
    const include = await readFile(network.include, 'utf8');
    const relays = [...include.matchAll(/orport=(\d+) .* 127\.0\.0\.1:(\d+)/g)];
    assert.equal(relays.length, 5);
    assert.ok(peers.length > 0);
    for (const port of relays.flatMap((match) => match.slice(1).map(Number))) {
      assert.ok(!peers.includes(port), `${port} among ${peers}`);
    }
  });
});
