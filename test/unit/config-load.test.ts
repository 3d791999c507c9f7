import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { ConfigError } from '../../src/config/problems.js';
import { readConfigFile } from '../../src/config/read-file.js';

const folder = mkdtempSync(join(tmpdir(), 'snug-config-'));
after(() => rmSync(folder, { recursive: true }));
const ENV = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };
const ONION = 'duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion';

function saved(content: string | Buffer, name = 'snug.toml'): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const load = (content: string | Buffer, env: NodeJS.ProcessEnv = ENV): Config =>
  loadConfig({ file: saved(content), env });

const refused = (run: () => unknown): ConfigError => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, 'CONFIG_INVALID');
    return error;
  }
  return assert.fail('nothing was refused');
};

test('an empty file gives the documented defaults', () => {
  assert.deepEqual(load(''), {
    file: join(folder, 'snug.toml'),
    paths: { state: '/var/lib/snug', run: '/run/snug' },
    tor: {
      binary: undefined,
      include: undefined,
      bridges: [],
      launch: 'child',
      ssh: undefined,
    },
    invites: { host: undefined, port: 8008, lifetimeDays: 7, perHour: 30, burst: 10 },
    members: { maySponsor: 5 },
    feeds: {
      hops: 2,
      messagesPerFeed: 100_000,
      mbPerFeed: 100,
      totalMessages: 2_000_000,
      logMb: 2000,
    },
    blobs: { maxMb: 5, totalMb: 2000 },
    card: { wifi: undefined, network: undefined, ssh: { keys: [], lan: false } },
    peers: [],
    site: { title: 'Snug' },
    clearnet: undefined,
    mail: undefined,
    log: { file: undefined },
    limits: {
      requestsPerMinute: 60,
      streamsPerCircuit: 16,
      sessions: 1000,
      connections: 256,
      reserveMb: 32,
    },
  });
});

const SSH_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@laptop';
const EVERYTHING = `
[paths]
state = "/srv/snug/state"
run = "sockets"
[tor]
binary = "/opt/tor/bin/tor"
include = "../bridges.conf"
launch = "unit"
bridges = ["obfs4 192.0.2.7:443 ${'A'.repeat(40)} cert=${'abc/+'.repeat(14)} iat-mode=0", "192.0.2.8:9001"]
[invites]
host = "${ONION.toUpperCase()}"
port = 1
lifetime_days = 365
per_hour = 1000
burst = 1
[members]
may_sponsor = 0
[feeds]
hops = 4
messages_per_feed = 500
mb_per_feed = 5
total_messages = 5000
log_mb = 50
[blobs]
max_mb = 100
total_mb = 1
[site]
title = "  The Fox & Hounds 🦊 "
[clearnet]
domain = "Pub.Example.org"
ssb = "domain"
tls = "files"
certificate = "pub.pem"
key = "/etc/keys/pub.pem"
email = ""
run = "for-the-proxy"
[log]
file = "snug.log"
[limits]
requests_per_minute = 10
streams_per_circuit = 65535
sessions = 10
connections = 8
reserve_mb = 100
[wifi]
ssid = "Fuchs \\"& Hase\\""
password = "correct horse"
country = "DE"
[network]
address = "192.168.1.20/24"
gateway = "192.168.1.1"
[ssh]
keys = ["${SSH_KEY}"]
lan = true
socket = "ssh.sock"
`;
const EVERYTHING_READ = {
  file: join(folder, 'snug.toml'),
  paths: { state: '/srv/snug/state', run: join(folder, 'sockets') },
  tor: {
    binary: '/opt/tor/bin/tor',
    include: join(tmpdir(), 'bridges.conf'),
    bridges: [
      `obfs4 192.0.2.7:443 ${'A'.repeat(40)} cert=${'abc/+'.repeat(14)} iat-mode=0`,
      '192.0.2.8:9001',
    ],
    launch: 'unit',
    ssh: join(folder, 'ssh.sock'),
  },
  invites: { host: ONION, port: 1, lifetimeDays: 365, perHour: 1000, burst: 1 },
  members: { maySponsor: 0 },
  feeds: { hops: 4, messagesPerFeed: 500, mbPerFeed: 5, totalMessages: 5000, logMb: 50 },
  card: {
    wifi: { ssid: 'Fuchs "& Hase"', password: 'correct horse', country: 'DE' },
    network: { address: '192.168.1.20/24', gateway: '192.168.1.1' },
    ssh: { keys: [SSH_KEY], lan: true },
  },
  peers: [],
  blobs: { maxMb: 100, totalMb: 1 },
  site: { title: 'The Fox & Hounds 🦊' },
  clearnet: {
    domain: 'pub.example.org',
    ssb: 'domain',
    tls: { kind: 'files', certificate: join(folder, 'pub.pem'), key: '/etc/keys/pub.pem' },
    run: join(folder, 'for-the-proxy'),
  },
  mail: undefined,
  log: { file: join(folder, 'snug.log') },
  limits: {
    requestsPerMinute: 10,
    streamsPerCircuit: 65535,
    sessions: 10,
    connections: 8,
    reserveMb: 100,
  },
};

test('every key is read, and relative paths start at the folder of the file', () => {
  assert.deepEqual(load(EVERYTHING), EVERYTHING_READ);
});

test('a byte order mark and Windows line ends make no difference', () => {
  const windows = `\ufeff${EVERYTHING.replaceAll('\n', '\r\n')}`;
  assert.deepEqual(load(windows), EVERYTHING_READ);
  const error = refused(() => load(`\ufeff[invites]\r\n\r\nport = 0\r\n`));
  assert.deepEqual(
    error.problems.map(({ key, line }) => [key, line]),
    [['invites.port', 3]],
  );
});

test('the configuration is frozen in depth', () => {
  const config = load(EVERYTHING);
  for (const part of [config, ...Object.values(config)]) assert.ok(Object.isFrozen(part));
});

test('hosts are sound onion hosts or domain names', () => {
  const host = (value: string) => load(`[invites]\nhost = "${value}"`).invites.host;
  assert.equal(host('Relay.Example.org'), 'relay.example.org');
  assert.equal(host('xn--bcher-kva.example'), 'xn--bcher-kva.example');
  const onionWithTypo = `e${ONION.slice(1)}`;
  const wrong = [onionWithTypo, 'expyuzz4wqqyqhjn.onion', 'localhost', '127.0.0.1', '::1', 'a b.c']
    .concat(['http://relay.example.org', 'relay.example.org:8008', '-a.example', 'relay.example.'])
    .concat([`${'a'.repeat(64)}.example`, `${'abcd.'.repeat(51)}org`]);
  for (const value of wrong) assert.equal(refused(() => host(value)).problems.length, 1, value);
});

test('titles have visible characters and nothing hidden', () => {
  const title = (value: string) => load(`[site]\ntitle = "${value}"`).site.title;
  assert.equal(title('é'.repeat(60)).length, 60);
  assert.equal(title('👩‍🚀'), '👩‍🚀');
  for (const value of ['', '   ', 'é'.repeat(61), 'a\\nb', 'a\\u202eb', '\\u200d', '\\u200b']) {
    assert.equal(refused(() => title(value)).problems[0]?.key, 'site.title', value);
  }
});

test('folders come from systemd, then from the user session, then from the home', () => {
  const paths = (env: NodeJS.ProcessEnv) => load('', env).paths;
  const xdg = { HOME: '/home/ada', XDG_STATE_HOME: '/data/state', XDG_RUNTIME_DIR: '/run/user/7' };
  assert.deepEqual(
    paths({ ...xdg, STATE_DIRECTORY: '/var/lib/a:/var/lib/b', RUNTIME_DIRECTORY: '/run/a:/run/b' }),
    { state: '/var/lib/a', run: '/run/a' },
  );
  assert.deepEqual(paths(xdg), { state: '/data/state/snug', run: '/run/user/7/snug' });
  assert.deepEqual(paths({ HOME: '/home/ada' }), {
    state: '/home/ada/.local/state/snug',
    run: '/home/ada/.local/state/snug/run',
  });
  const relative = { XDG_STATE_HOME: 'state', XDG_RUNTIME_DIR: 'run', STATE_DIRECTORY: 'x' };
  assert.equal(paths(relative).state, join(homedir(), '.local/state/snug'));
});

test('a state folder from the file moves the last resort for sockets with it', () => {
  const { paths } = load('[paths]\nstate = "state"', {});
  assert.equal(paths.run, join(folder, 'state', 'run'));
});

test('$SNUG_CONFIG names the file when the command line does not', () => {
  const SNUG_CONFIG = saved('[feeds]\nhops = 3', 'from-env.toml');
  assert.equal(loadConfig({ env: { ...ENV, SNUG_CONFIG } }).feeds.hops, 3);
  const file = saved('[feeds]\nhops = 4', 'from-option.toml');
  assert.equal(loadConfig({ file, env: { ...ENV, SNUG_CONFIG } }).feeds.hops, 4);
});

test("the system's file is read if it is there, and only when no other is named", () => {
  const system = saved('# the system', 'system.toml');
  const named = saved('# named', 'named.toml');
  assert.deepEqual(readConfigFile({ env: {} }, system), { file: system, text: '# the system' });
  assert.equal(readConfigFile({ env: { SNUG_CONFIG: '' } }, system).file, system);
  assert.equal(readConfigFile({ file: named, env: {} }, system).text, '# named');
  const absent = { file: undefined, text: '' };
  assert.deepEqual(readConfigFile({ env: {} }, join(folder, 'none', 'snug.toml')), absent);
  assert.match(refused(() => readConfigFile({ env: {} }, folder)).message, /is a folder/);
});

test('a file that was named must be there and readable, and the error names it', () => {
  const missing = join(folder, 'missing.toml');
  const byOption = refused(() => loadConfig({ file: missing, env: ENV }));
  assert.ok(byOption.message.includes(missing) && byOption.message.includes('--config'));
  const byEnv = refused(() => loadConfig({ env: { ...ENV, SNUG_CONFIG: missing } }));
  assert.ok(byEnv.message.includes(missing) && byEnv.message.includes('$SNUG_CONFIG'));
  mkdirSync(join(folder, 'a-folder'));
  const file = join(folder, 'a-folder');
  assert.match(refused(() => loadConfig({ file, env: ENV })).message, /a-folder.*\n.*is a folder/);
});

test('a file that is too large or no UTF-8 text is refused in words', () => {
  assert.match(refused(() => load(`#${'x'.repeat(64 * 1024)}`)).message, /64 KiB/);
  assert.equal(load(`#${'x'.repeat(64 * 1024 - 1)}`).feeds.hops, 2);
  const utf16 = Buffer.from('\ufeff[feeds]\nhops = 3', 'utf16le');
  assert.match(refused(() => load(utf16)).message, /save it again as UTF-8/);
});
