import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codeOf, messageOf } from '../../src/support/errors.js';
import { asOnionHost } from '../../src/support/onion-host.js';
import {
  assertNoProcess,
  isGone,
  statusThat,
  temporaryFolder,
  torKit,
} from '../support/tor-kit.js';
import { eventually } from '../support/wait.js';

const { signal } = new AbortController();
const OWNER = fileURLToPath(new URL('../support/tor-owner.js', import.meta.url));

/** @returns every entry below the folder that others could read, write or enter */
async function looseEntries(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const loose: string[] = [];
  for (const path of [folder, ...names.map((name) => join(folder, name))]) {
    const { mode } = await lstat(path);
    if ((mode & 0o077) !== 0) loose.push(`${path} ${(mode & 0o777).toString(8)}`);
  }
  return loose;
}

test('the real Tor starts offline with a sound host, which a later start keeps', async (t) => {
  const { tor, folder } = await torKit(t);
  await tor.start(signal);
  const { host } = tor;
  assert.equal(asOnionHost(host), host);
  const status = tor.status();
  assert.equal(status.state, 'offline');
  assert.match(status.version ?? '', /^0\.\d+\.\d+/);
  assert.equal(status.host, host);
  await tor.stop();
  assert.equal(tor.status().state, 'stopped');
  await assertNoProcess(folder);

  const again = await torKit(t, { folder: join(folder, 'tor'), run: join(folder, 'run') });
  await again.tor.start(signal);
  assert.equal(again.tor.host, host);
});

test('keys and folders are private, also when they were not before', async (t) => {
  const { tor, folder } = await torKit(t);
  await tor.start(signal);
  assert.deepEqual(await looseEntries(join(folder, 'tor')), []);
  assert.equal(
    (await lstat(join(folder, 'tor', 'onion', 'hs_ed25519_secret_key'))).mode & 0o777,
    0o600,
  );
  assert.equal((await lstat(join(folder, 'run'))).mode & 0o777, 0o700);
  assert.equal((await lstat(join(folder, 'run', 'cookie'))).mode & 0o077, 0);
  const { host } = tor;
  await tor.stop();

  await chmod(join(folder, 'tor'), 0o755);
  await chmod(join(folder, 'tor', 'onion'), 0o777);
  await chmod(join(folder, 'tor', 'onion', 'hs_ed25519_secret_key'), 0o644);
  const again = await torKit(t, { folder: join(folder, 'tor'), run: join(folder, 'run') });
  await again.tor.start(signal);
  assert.equal(again.tor.host, host);
  assert.deepEqual(await looseEntries(join(folder, 'tor')), []);
});

test('a folder with spaces, quotes and backslashes is no trouble', async (t) => {
  const folder = join(await temporaryFolder(t), 'a "b" \\c é');
  await mkdir(folder);
  const services = [{ virtualPort: 80, socket: join(folder, 'web') }];
  const run = join(folder, 'run');
  const { tor } = await torKit(t, { folder: join(folder, 'tor'), run, services });
  await tor.start(signal);
  assert.equal(tor.socksPath, join(run, 'socks'));
  assert.ok((await readdir(run)).includes('control'));
});

test('a Tor killed with SIGKILL is back with the same host', async (t) => {
  const { tor } = await torKit(t);
  await tor.start(signal);
  const { host } = tor;
  for (const restarts of [1, 2]) {
    const { pid } = tor.status();
    process.kill(pid ?? 0, 'SIGKILL');
    const back = await statusThat(tor, (status) => {
      return status.state === 'offline' && status.restarts === restarts;
    });
    assert.equal(back.host, host);
    assert.notEqual(back.pid, pid);
    assert.equal(back.problem, undefined);
  }
});

test('a word that Tor does not know fails the start with that word', async (t) => {
  const include = join(await temporaryFolder(t), 'extra');
  await writeFile(include, 'NoSuchOption 1\n');
  const { tor, folder } = await torKit(t, { include });
  await assert.rejects(tor.start(signal), (error) => {
    assert.equal(codeOf(error), 'TOR_EXITED');
    assert.match(messageOf(error), /NoSuchOption/);
    return true;
  });
  await assertNoProcess(folder);
});

test('a start that is given up once Tor runs leaves no process', async (t) => {
  const { tor, folder, lines } = await torKit(t);
  const abort = new AbortController();
  const refused = assert.rejects(tor.start(abort.signal), { name: 'AbortError' });
  await eventually('the first line of Tor', () => (lines.length > 0 ? true : undefined), 30_000);
  abort.abort();
  await refused;
  await assertNoProcess(folder);
  assert.equal(tor.status().state, 'stopped');
});

test('while another Tor holds the folder the start waits, then goes on', async (t) => {
  const { tor, folder } = await torKit(t);
  const data = join(folder, 'tor', 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  const torrc = join(folder, 'holder');
  await writeFile(torrc, `DataDirectory ${data}\nDisableNetwork 1\nSocksPort 0\n`);
  const words = ['-f', torrc, '--defaults-torrc', '/dev/null', '--quiet'];
  const holder = spawn('tor', words, { stdio: 'ignore' });
  t.after(() => holder.kill('SIGKILL'));
  const lock = () =>
    readFile(join(data, 'lock')).then(
      () => true,
      () => undefined,
    );
  await eventually('the lock of the other Tor', lock, 120_000);
  const starting = tor.start(signal);
  const { problem, state } = await statusThat(tor, (status) => status.problem !== undefined);
  assert.match(problem?.what ?? '', /Another Tor still holds the data folder/);
  assert.equal(state, 'starting');
  holder.kill('SIGKILL');
  await starting;
  assert.equal(tor.status().problem, undefined);
});

test('when its owner is killed with SIGKILL, Tor ends too', async (t) => {
  const folder = await temporaryFolder(t);
  const owner = spawn(process.execPath, [OWNER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => owner.kill('SIGKILL'));
  const [line] = await once(owner.stdout, 'data', { signal: AbortSignal.timeout(60_000) });
  const pid = Number(String(line));
  assert.equal(await isGone(pid), false);
  owner.kill('SIGKILL');
  await eventually('the end of Tor', async () => ((await isGone(pid)) ? true : undefined), 30_000);
});

test('going online opens the SOCKS socket, and a reload does not close it for good', async (t) => {
  // An authority that nobody runs: there is no way out of this machine.
  const include = join(await temporaryFolder(t), 'extra');
  const authority = `orport=3 no-v2 v3ident=${'1'.repeat(40)} 127.0.0.1:2 ${'2'.repeat(40)}`;
  await writeFile(include, `TestingTorNetwork 1\nDirAuthority nobody ${authority}\n`);
  const { tor, folder, lines } = await torKit(t, { include });
  await tor.start(signal);
  await tor.goOnline();
  assert.equal(tor.status().state, 'bootstrapping');
  assert.ok((await readdir(join(folder, 'run'))).includes('socks'));
  await tor.closeCircuit(12_345);
  const opened = () => lines.filter((line) => line.includes('Opened Socks listener')).length;
  await eventually('the listener', () => (opened() === 1 ? true : undefined), 30_000);
  process.kill(tor.status().pid ?? 0, 'SIGHUP');
  await eventually('the listener again', () => (opened() === 2 ? true : undefined), 30_000);
});
