import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type PrivateNetwork, startPrivateNetwork } from '../../src/demo/private-network.js';
import { writeClient } from '../../src/demo/private-torrcs.js';
import { findTorPrograms } from '../../src/demo/programs.js';
import { TorNode } from '../../src/demo/tor-node.js';
import {
  ConfinedRelay,
  firewallHere,
  makeFolders,
  perlScript,
  RELAY,
  TOR,
} from '../support/confinement.js';
import { askOnion, cookieOf } from '../support/onion-http.js';
import { type Dial, type StockPeer, startPeer, throughSocks } from '../support/ssb-peer.js';
import { SshDoor, sshMissing } from '../support/ssh-door.js';
import { TorUnit } from '../support/tor-unit.js';
import { eventually } from '../support/wait.js';

const run = promisify(execFile);
/** Set in the copy of this file that runs in a network namespace of its own. */
const INSIDE = process.env.SNUG_TEST_NAMESPACE !== undefined;
const NOT_ROOT = process.getuid?.() === 0 ? false : 'only root may make network namespaces';

/** @returns why there is no firewall in this test, if so */
async function nftMissing(): Promise<string | undefined> {
  const found = await run('nft', ['--version']).catch(() => undefined);
  return found === undefined ? 'the Debian package nftables is not installed' : undefined;
}

/** Everything else on this wire is a mistake: the relays of the network, and SOCKS of visitors. */
function portsOf(include: string): Set<string> {
  const text = readFileSync(include, 'utf8');
  return new Set(
    [...text.matchAll(/orport=(\d+) .* 127\.0\.0\.1:(\d+)/g)].flatMap((m) => m.slice(1)),
  );
}

/** @returns a program that sends one datagram, and ends with 1 when the kernel refuses */
function datagramTo(host: string): string {
  const done = '(error) => process.exit(error ? 1 : 0)';
  return `require('dgram').createSocket('udp4').send('x', 53, '${host}', ${done})`;
}

/** @returns whether the users of this test can run what lies in this checkout */
async function othersMayRun(): Promise<boolean> {
  const script = fileURLToPath(new URL('../support/confined-relay.js', import.meta.url));
  const check = run(process.execPath, ['--check', script], { cwd: '/', ...RELAY });
  return check.then(
    () => true,
    () => false,
  );
}

if (!INSIDE) {
  it('the appliance, in a network namespace of its own', { skip: NOT_ROOT }, async (t) => {
    if (!(await othersMayRun())) return t.skip('other users cannot read this checkout');
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const inside = 'ip link set lo up && exec "$@"';
    const again = [process.execPath, '--test', '--test-reporter=spec', '--test-timeout=540000'];
    const child = spawn(
      'unshare',
      ['-n', '--', 'sh', '-c', inside, 'sh', ...again, fileURLToPath(import.meta.url)],
      { env: { ...env, SNUG_TEST_NAMESPACE: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const [code] = await once(child, 'close');
    assert.equal(code, 0, said);
  });
}

describe('a relay with nothing but unix sockets, its Tor another user', { skip: !INSIDE }, () => {
  let folder: string;
  let network: PrivateNetwork;
  let visitor: Dial;
  let visitorPort = 0;
  let capture: ChildProcess;
  const packets: string[] = [];
  let unit: TorUnit;
  let relay: ConfinedRelay;
  let door: SshDoor | undefined;
  let alice: StockPeer;
  let operator: TorNode | undefined;
  let operatorPort = 0;
  let code = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snug-'));
    capture = spawn('perl', [perlScript('capture')], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (capture.stdout === null) throw new Error('no output');
    const lines = createInterface({ input: capture.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => packets.push(line));
    network = await startPrivateNetwork({
      folder: join(folder, 'net'),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const { socks } = await network.startClient('visitor');
    visitorPort = socks.port;
    visitor = throughSocks(socks);
    if ((await nftMissing()) === undefined) {
      // The network and its visitors are root's here; they are the world, not the card.
      const world = 'add rule inet snug output_local oif lo meta skuid 0 accept\n';
      await writeFile(join(folder, 'rules'), firewallHere() + world);
      await run('nft', ['-f', join(folder, 'rules')]);
    }
    const places = join(folder, 'card');
    await mkdir(places);
    if (sshMissing() === undefined) door = await SshDoor.open(join(folder, 'ssh'), TOR.gid);
    const ssh = door && `[ssh]\nkeys = ["${door.key}"]\nsocket = "${door.socket}"\n`;
    await chmod(folder, 0o711);
    const config = await makeFolders(places, network.include, ssh ?? '');
    unit = new TorUnit({ folder: places, user: TOR });
    relay = new ConfinedRelay(places, config);
    await relay.ready;
    alice = startPeer(join(folder, 'alice'), visitor);
  });

  after(async () => {
    await alice?.close();
    await relay?.stop();
    await unit?.stop();
    await operator?.stop();
    await door?.close();
    await network?.stop();
    capture?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('the kernel refuses every IP socket that the relay tries to open', () => {
    const refused = 'EAFNOSUPPORT';
    const probe = { connect: refused, connect6: refused, listen: refused, datagrams: refused };
    assert.deepEqual(relay.probe, probe);
  });

  it('it runs as a user of its own without rights, in a namespace with no way out', () => {
    const status = readFileSync(`/proc/${relay.pid}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\s+${RELAY.uid}\\s`, 'm'));
    assert.match(status, /^CapBnd:\s+0+$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
    const routes = readFileSync(`/proc/${relay.pid}/net/route`, 'utf8').trim().split('\n');
    assert.equal(routes.length, 1, 'the headline and no route');
  });

  it("Tor runs as its own user, and cannot open what is the relay's alone", async () => {
    const status = await readFile(`/proc/${unit.pid}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\s+${TOR.uid}\\s`, 'm'));
    assert.match(status, /^Groups:\s*$/m);
    const card = join(folder, 'card');
    const asTor = (...words: string[]) => run(words[0] ?? '', words.slice(1), { cwd: '/', ...TOR });
    await asTor('cat', join(card, 'run-to-tor', 'torrc'));
    for (const path of ['state/ssb/secret', 'run/control.sock', 'state/tor/onion/hostname']) {
      await assert.rejects(asTor('cat', join(card, path)), /Permission denied/);
    }
    await assert.rejects(asTor('touch', join(card, 'run-to-tor', 'torrc')), /Permission denied/);
  });

  it('a visitor solves the riddle and gets a code', async () => {
    const { site } = await relay.status();
    const page = await askOnion(visitor, `${site}/invite/`);
    const cookie = cookieOf(page);
    const form = /<form[^>]* action="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const picture = /<img[^>]* src="([^"]+)"/.exec(page.body)?.[1];
    if (picture !== undefined && !picture.startsWith('data:')) {
      await askOnion(visitor, String(new URL(picture, `${site}/invite/`)), { cookie });
    }
    const answer = await eventually('the riddle', () => relay.answers.at(-1));
    const url = String(new URL(form, `${site}/invite/`));
    const done = await askOnion(visitor, url, { cookie, form: { captcha: answer } });
    code = /<title>([^<]+)<\/title>/.exec(done.body)?.[1] ?? '';
    assert.ok(code.startsWith(`${(site ?? '').replace('http://', '')}:8008:@`), done.body);
  });

  it('a stock peer redeems it, and what it posts reaches another member', async () => {
    await alice.redeem(code);
    const post = await alice.publish({ type: 'post', text: 'good evening' });
    await alice.connect(code);
    const bob = startPeer(join(folder, 'bob'), visitor);
    try {
      const invite = (await relay.ask('invite.create')) as { code: string };
      await bob.redeem(invite.code);
      const rpc = await bob.connect(invite.code);
      await eventually('the post', async () =>
        (await bob.history(rpc, alice.id)).includes(post.key) ? true : undefined,
      );
    } finally {
      await bob.close();
    }
  });

  it('ssh answers at its own onion, to whoever has both keys', async (t) => {
    if (door === undefined) return t.skip(sshMissing());
    const access = (await relay.ask('ssh.show')) as { host: string; clientKey: string };
    const { tor } = await findTorPrograms();
    const home = join(folder, 'operator');
    const torrc = await writeClient(home, network.include);
    const auth = join(home, 'auth');
    await mkdir(auth, { mode: 0o700 });
    const line = `${access.host.replace('.onion', '')}:descriptor:x25519:${access.clientKey}`;
    await writeFile(join(auth, 'snug.auth_private'), `${line}\n`, { mode: 0o600 });
    await appendFile(torrc, `\nClientOnionAuthDir "${auth}"\n`);
    operator = new TorNode({ name: 'operator', tor, torrc });
    await operator.bootstrapped;
    operatorPort = await operator.socksPort;
    assert.equal(await door.visit(access.host, operatorPort, 'operator', 'echo in'), 'in\n');
    await assert.rejects(
      door.visit(access.host, operatorPort, 'stranger', 'echo in'),
      /Permission denied \(publickey\)/,
    );
    const { visits } = door;
    await assert.rejects(door.visit(access.host, visitorPort, 'operator', 'echo in'));
    assert.equal(door.visits, visits, 'without the key of the onion no sshd is asked');
  });

  it('the firewall lets nobody but Tor speak', async (t) => {
    const missing = await nftMissing();
    if (missing !== undefined) return t.skip(missing);
    const [port = '1'] = portsOf(network.include);
    const attempt = `require('net').connect(${port},'127.0.0.1',()=>process.exit(0)).on('error',()=>process.exit(1));setTimeout(()=>process.exit(2),2000)`;
    const dial = (user: { uid: number; gid: number }) =>
      run(process.execPath, ['-e', attempt], { cwd: '/', ...user });
    await dial(TOR);
    await assert.rejects(dial(RELAY));
    await assert.rejects(
      run(process.execPath, ['-e', datagramTo('127.0.0.1')], { cwd: '/', ...TOR }),
    );
  });

  it('a Tor that is killed is back, with the same address', async () => {
    const { site } = await relay.status();
    const { pid = 0, starts } = unit;
    process.kill(pid, 'SIGKILL');
    await eventually('another Tor', async () => {
      const { ready, tor } = await relay.status();
      return unit.starts > starts && ready && tor?.restarts === 1 ? true : undefined;
    });
    assert.equal((await relay.status()).site, site);
  });

  it('stopped, it takes Tor along, and its own network has carried nothing at all', async () => {
    const { pid = 0 } = unit;
    await relay.stop();
    await eventually('the end of Tor', () =>
      readdirSync('/proc').includes(String(pid)) ? undefined : true,
    );
    assert.ok(relay.network.length > 0, 'the kernel shows its interfaces');
    for (const line of relay.network) assert.match(line, /^\s*\w+:(\s+0){16}$/);
  });

  it('on the wire there was nothing but Tor', async () => {
    const tors = portsOf(network.include);
    assert.equal(tors.size, 10);
    const socks = new Set([visitorPort, operatorPort].map(String));
    const stray = packets.filter((packet) => {
      const [kind, from = '', to = ''] = packet.split(' ');
      return kind !== 'tcp' || ![from, to].some((port) => tors.has(port) || socks.has(port));
    });
    assert.deepEqual(stray, []);
    assert.ok(packets.length > 20, 'something was captured');
    // A capture that would not have seen anything else proves nothing.
    await run(process.execPath, ['-e', datagramTo('127.0.0.1')]);
    await eventually('the datagram', () => packets.find((packet) => packet.startsWith('udp ')));
  });
});
