import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { takeHold } from '../../src/checkup/hold.js';
import { clock } from '../../src/doctor/clock.js';
import { diskSpace } from '../../src/doctor/disk.js';
import { examine } from '../../src/doctor/examine.js';
import type { Found, Report } from '../../src/doctor/finding.js';
import { inWords } from '../../src/doctor/words.js';
import { packageVersion } from '../../src/support/package.js';
import { listenOnSocket } from '../../src/support/unix-socket.js';
import { type CliGround, cliGround } from '../support/cli-run.js';
import { restingRelay } from '../support/resting-relay.js';

const NOT_RUNNING = /No relay answers/;

async function doctor(ground: CliGround, ...options: string[]) {
  const { code, out, err } = await ground.run('doctor', '--json', ...options);
  assert.equal(err, '');
  const report = JSON.parse(out) as Report;
  const findings = report.checks.flatMap(({ name, findings }) =>
    findings.map((finding) => ({ check: name, ...finding })),
  );
  // That none runs is so in nearly all of these tests.
  return { code, report, findings: findings.filter(({ what }) => !NOT_RUNNING.test(what)) };
}

/** One finding of one check, with what everybody is owed. */
async function only(ground: CliGround, check: string, ...options: string[]) {
  const { code, findings } = await doctor(ground, ...options);
  assert.deepEqual(
    findings.map((finding) => finding.check),
    [check],
  );
  const [finding] = findings;
  assert.ok(finding);
  for (const text of [finding.what, finding.reason, finding.remedy])
    assert.match(text, /^\S.*\S$/s);
  return { code, finding };
}

function overwrite(file: string, at: number, bytes: string): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, at);
}

/** A relay that answers its status and listens on its sockets. */
async function running(t: TestContext, ground: CliGround, status: object = {}): Promise<void> {
  const well = { health: 'well', version: packageVersion(), todo: [], ...status };
  await ground.answering({ status: well });
  for (const name of ['site.sock', 'ssb.sock']) {
    const server = createServer();
    await listenOnSocket(server, join(ground.folder, 'run', name));
    t.after(() => server.close());
  }
}

test('a box on which nothing was started yet: only that no relay runs, and nothing is made', async (t) => {
  const ground = cliGround(t);
  const { code, out } = await ground.run('doctor');
  assert.equal(code, 1);
  assert.match(out, /relay\n {2}look {4}No relay answers[\s\S]*snug start/);
  assert.equal(existsSync(join(ground.folder, 'state')), false);
});

test('a relay that runs and is well: exit code 0', async (t) => {
  const ground = cliGround(t);
  await running(t, ground);
  const { code, out } = await ground.run('doctor');
  assert.equal(code, 0, out);
  assert.match(out, /All is well\.$/);
});

test('the files of a relay that was stopped are well, and looking changes no message of it', async (t) => {
  const relay = await restingRelay(t);
  const log = readFileSync(join(relay.flume, 'log.offset'));
  const { code, findings } = await doctor(relay);
  assert.deepEqual([code, findings], [1, []]);
  assert.deepEqual(readFileSync(join(relay.flume, 'log.offset')), log);
});

test('what the running relay says of itself is passed on, and another version is told', async (t) => {
  const ground = cliGround(t);
  await running(t, ground, { health: 'degraded', version: '0.0.1', todo: ['Set the clock.'] });
  const { code, findings } = await doctor(ground);
  assert.equal(code, 1);
  assert.deepEqual(
    findings.map(({ what }) => what.slice(0, 14)),
    ['Set the clock.', 'Version 0.0.1 '],
  );
});

test('a configuration that cannot be used: grave, with its line, and nothing else is touched', async (t) => {
  const ground = cliGround(t, '[invites]\nprot = 1\n');
  const { code, finding } = await only(ground, 'configuration');
  assert.equal(code, 2);
  assert.match(finding.what, /line 5: invites\.prot/);
});

test('no Tor: grave, and how to get it', async (t) => {
  const ground = cliGround(t, '[tor]\nbinary = "none"\n');
  const { code, finding } = await only(ground, 'tor');
  assert.equal(code, 2);
  assert.match(finding.remedy, /apt install tor/);
});

const FINGERPRINT = `${'0123456789ABCDEF'.repeat(2)}01234567`;
const BRIDGE =
  `snowflake 192.0.2.3:80 ${FINGERPRINT} fingerprint=${FINGERPRINT} ` +
  'url=https://broker.example.org/ fronts=a.example.org ice=stun:stun.example.org:3478 ' +
  'utls-imitate=hellorandomizedalpn';

test('a bridge whose program is missing: grave, and how to get it', {
  skip: existsSync('/usr/bin/snowflake-client'),
}, async (t) => {
  const ground = cliGround(t, `[tor]\nbridges = ["${BRIDGE}"]\n`);
  const { code, finding } = await only(ground, 'bridges');
  assert.equal(code, 2);
  assert.match(finding.remedy, /apt install snowflake-client/);
});

test('extra lines for Tor that are not there: grave, also while the relay runs', async (t) => {
  const ground = cliGround(t, '[tor]\ninclude = "nowhere"\n');
  const { code, finding } = await only(ground, 'tor include');
  assert.equal(code, 2);
  assert.match(finding.remedy, /Correct the path/);
  await running(t, ground);
  await only(ground, 'tor include');
});

test('a restore that was cut short: grave, and how to go on', async (t) => {
  const relay = await restingRelay(t);
  mkdirSync(join(relay.state, '.restoring'), { mode: 0o700 });
  const { code, finding } = await only(relay, 'restore', '--fix');
  assert.equal(code, 2);
  assert.match(finding.remedy, /"snug restore" once more/);
});

test('a password for mail that others may read: told, and the relay starts all the same', async (t) => {
  const settings = 'server = "m.example.org"\nto = "a@example.org"\nuser = "a"';
  const ground = cliGround(t, `[mail]\n${settings}\npassword_file = "password"\n`);
  const password = join(ground.folder, 'password');
  writeFileSync(password, 'hunter2\n', { mode: 0o644 });
  chmodSync(password, 0o644);
  const { code, finding } = await only(ground, 'mail password');
  assert.deepEqual([code, finding.grave], [1, false]);
  assert.match(finding.remedy, /chmod 600/);
  assert.doesNotMatch(JSON.stringify(finding), /hunter2/);
  chmodSync(password, 0o600);
  assert.deepEqual((await doctor(ground)).findings, []);
});

for (const [check, folder, file, remedy] of [
  ['onion key', 'tor/onion', 'hs_ed25519_secret_key', /Do not delete it/],
  ['ssh keys', 'tor/ssh', 'hs_ed25519_secret_key', /Do not delete it/],
  ['ssh keys', 'tor', 'ssh-client', /Delete the file/],
  ['own record', 'ssb', 'own-feed.json', /Restore again/],
] as const) {
  test(`${check}: a damaged ${file} is grave, and left as it is`, async (t) => {
    const key =
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a';
    const ground = cliGround(t, `[ssh]\nkeys = ["${key}"]\n`);
    mkdirSync(join(ground.folder, 'state', folder), { recursive: true, mode: 0o700 });
    const damaged = join(ground.folder, 'state', folder, file);
    assert.deepEqual((await doctor(ground)).findings, []);
    writeFileSync(damaged, 'nonsense', { mode: 0o600 });
    const { code, finding } = await only(ground, check, '--fix');
    assert.equal(code, 2);
    assert.match(finding.remedy, remedy);
    assert.equal(readFileSync(damaged, 'utf8'), 'nonsense');
  });
}

test('a key that others may read: grave, and mended', async (t) => {
  const relay = await restingRelay(t);
  const secret = join(relay.state, 'ssb', 'secret');
  chmodSync(secret, 0o644);
  chmodSync(relay.state, 0o755);
  const before = await only(relay, 'file modes');
  assert.equal(before.code, 2);
  assert.match(before.finding.what, /ssb\/secret/);
  assert.equal(statSync(secret).mode & 0o777, 0o644, 'looking changes nothing');
  const { code, finding } = await only(relay, 'file modes', '--fix');
  assert.deepEqual([code, finding.repaired], [1, true]);
  assert.deepEqual(
    [secret, relay.state].map((path) => statSync(path).mode & 0o777),
    [0o600, 0o700],
  );
  assert.deepEqual((await doctor(relay)).findings, []);
});

test('a file that others may read in a folder that they may not enter is not grave', async (t) => {
  const relay = await restingRelay(t);
  chmodSync(join(relay.state, 'ssb', 'secret'), 0o644);
  const { code, finding } = await only(relay, 'file modes');
  assert.deepEqual([code, finding.grave], [1, false]);
  assert.equal((await only(relay, 'file modes', '--fix')).finding.repaired, true);
});

test('files of another user are told with the command that gives them back', {
  skip: process.getuid?.() !== 0,
}, async (t) => {
  const relay = await restingRelay(t);
  chownSync(join(relay.state, 'ssb', 'secret'), 1234, 1234);
  const { code, finding } = await only(relay, 'file modes', '--fix');
  assert.deepEqual([code, finding.repairable], [2, false]);
  assert.match(finding.remedy, /sudo chown -R 0 .*state/);
});

test('run as another user than the relay: databases are not opened', {
  skip: process.getuid?.() !== 0,
}, async (t) => {
  const relay = await restingRelay(t);
  writeFileSync(join(relay.flume, 'clock', 'CURRENT'), 'nonsense');
  chownSync(relay.state, 1234, 1234);
  const before = relay.snapshot();
  const { findings } = await doctor(relay, '--fix');
  assert.match(findings.find(({ check }) => check === 'user')?.remedy ?? '', /sudo -u '#1234'/);
  assert.deepEqual(relay.snapshot(), before);
});

test('sockets of a killed relay are in nobody’s way, and go', async (t) => {
  const ground = cliGround(t);
  const run = join(ground.folder, 'run');
  mkdirSync(run, { mode: 0o700 });
  const server = createServer();
  await listenOnSocket(server, join(run, 'made.sock'));
  // Closing removes the socket by the name that it was made with.
  renameSync(join(run, 'made.sock'), join(run, 'site.sock'));
  await new Promise((resolve) => server.close(resolve));
  assert.equal((await only(ground, 'sockets')).finding.grave, false);
  assert.equal((await only(ground, 'sockets', '--fix')).finding.repaired, true);
  assert.equal(existsSync(join(run, 'site.sock')), false);
});

test('a file in the place of a socket is told and left', async (t) => {
  const ground = cliGround(t);
  mkdirSync(join(ground.folder, 'run'), { mode: 0o700 });
  const file = join(ground.folder, 'run', 'ssb.sock');
  writeFileSync(file, 'mine', { mode: 0o600 });
  const { code, finding } = await only(ground, 'sockets', '--fix');
  assert.equal(code, 2);
  assert.match(finding.remedy, /Move that file away/);
  assert.equal(readFileSync(file, 'utf8'), 'mine');
});

test('a socket that is gone while the relay runs is grave', async (t) => {
  const ground = cliGround(t);
  await running(t, ground);
  rmSync(join(ground.folder, 'run', 'ssb.sock'));
  assert.match((await only(ground, 'sockets')).finding.what, /ssb\.sock is gone/);
});

test('files begun and never finished are told and removed, others are not', async (t) => {
  const relay = await restingRelay(t);
  const left = [join(relay.state, 'ssb', 'secret.new'), join(relay.flume, 'last.json~')];
  for (const file of left) writeFileSync(file, '', { mode: 0o600 });
  const { finding } = await only(relay, 'leftovers');
  assert.match(finding.what, /secret\.new/);
  await only(relay, 'leftovers', '--fix');
  assert.deepEqual(
    left.map((file) => existsSync(file)),
    [false, false],
  );
  assert.ok(existsSync(join(relay.state, 'ssb', 'secret')));
});

for (const name of ['clock', 'keys', 'links']) {
  test(`a damaged index "${name}" is removed, and the relay makes it anew`, async (t) => {
    const relay = await restingRelay(t);
    writeFileSync(join(relay.flume, name, 'CURRENT'), 'nonsense');
    const { code, finding } = await only(relay, 'indexes');
    assert.equal(code, 2);
    assert.match(finding.what, new RegExp(`index "${name}" is damaged`));
    const mended = await only(relay, 'indexes', '--fix');
    assert.deepEqual([mended.code, mended.finding.repaired], [1, true]);
    await relay.started(async (again) => {
      assert.equal((await again.feed(again.id)).sequence, 5);
      assert.equal((await again.feeds()).length, 5);
    });
  });
}

test('an index of JSON cut in two is removed too', async (t) => {
  const relay = await restingRelay(t);
  truncateSync(join(relay.flume, 'contacts2.json'), 40);
  await only(relay, 'indexes', '--fix');
  const members = await relay.started((again) => again.feeds());
  assert.deepEqual(
    members.map(({ feed }) => feed),
    [...relay.follows].sort(),
  );
});

test('a log that has lost its last message: the indexes are ahead of it', async (t) => {
  const relay = await restingRelay(t);
  const log = join(relay.flume, 'log.offset');
  const bytes = readFileSync(log);
  const length = bytes.readUInt32BE(bytes.length - 8);
  truncateSync(log, bytes.length - length - 12);
  const { code, findings } = await doctor(relay);
  assert.equal(code, 1);
  assert.ok(findings.length > 3);
  assert.ok(findings.every(({ what }) => /is further than the log/.test(what)));
  await doctor(relay, '--fix');
  assert.deepEqual((await doctor(relay)).findings, []);
});

test('a last message that was not written to its end costs nothing else', async (t) => {
  const relay = await restingRelay(t);
  appendFileSync(join(relay.flume, 'log.offset'), Buffer.from([0, 0, 2, 0, 123, 34]));
  const { code, finding } = await only(relay, 'messages', '--fix');
  assert.equal(code, 1);
  assert.match(finding.what, /last 6 bytes/);
  assert.match(finding.remedy, /cuts it off/);
  await relay.started(async () => undefined);
  assert.deepEqual((await doctor(relay)).findings, []);
});

test('damage in the middle of the log is grave and left as it is', async (t) => {
  const relay = await restingRelay(t);
  const log = join(relay.flume, 'log.offset');
  overwrite(log, readFileSync(log).readUInt32BE(0) + 4, 'xxxx');
  const before = relay.snapshot().get(log);
  const { code, finding } = await only(relay, 'messages', '--fix');
  assert.deepEqual([code, finding.grave], [2, true]);
  assert.match(finding.what, /damaged at byte 0 of/);
  assert.match(finding.remedy, /snug restore/);
  assert.equal(relay.snapshot().get(log), before);
});

test('a message that is none, between sound ones, is found', async (t) => {
  const relay = await restingRelay(t);
  overwrite(join(relay.flume, 'log.offset'), 4, 'x');
  const { code, finding } = await only(relay, 'messages');
  assert.equal(code, 2);
  assert.match(finding.what, /^1 messages in the log cannot be read/);
});

test('a message that was deleted, with zeros in its place, is no damage', async (t) => {
  const relay = await restingRelay(t);
  const log = join(relay.flume, 'log.offset');
  overwrite(log, 4, '\0'.repeat(readFileSync(log).readUInt32BE(0)));
  assert.deepEqual((await doctor(relay)).findings, []);
});

test('a damaged own key, and one that is gone, are grave and not replaced', async (t) => {
  const relay = await restingRelay(t);
  const secret = join(relay.state, 'ssb', 'secret');
  truncateSync(secret, 200);
  const damaged = await only(relay, 'own key', '--fix');
  assert.match(damaged.finding.remedy, /backup/);
  rmSync(secret);
  const gone = await only(relay, 'own key', '--fix');
  assert.equal(gone.code, 2);
  assert.match(gone.finding.what, /is gone/);
  assert.equal(existsSync(secret), false);
});

test('an invite database that cannot be opened, or has a record that cannot be read, is grave', async (t) => {
  const relay = await restingRelay(t);
  rmSync(join(relay.state, 'invites', 'CURRENT'));
  const { code, finding } = await only(relay, 'invites');
  assert.equal(code, 2);
  assert.match(finding.what, /is damaged/);
  assert.match(finding.remedy, /backup/);
});

test('while another process has the state, nothing in it is opened or repaired', async (t) => {
  const relay = await restingRelay(t);
  const desk = await relay.openDesk();
  writeFileSync(join(relay.flume, 'clock', 'CURRENT'), 'nonsense');
  const { code, finding } = await only(relay, 'invites', '--fix');
  assert.equal(code, 2);
  assert.match(finding.what, /Another process uses/);
  await desk.close();
  assert.equal(readFileSync(join(relay.flume, 'clock', 'CURRENT'), 'utf8'), 'nonsense');
});

test('no relay can start on the state while it is looked at', async (t) => {
  const relay = await restingRelay(t);
  const hold = await takeHold(join(relay.state, 'invites'));
  await assert.rejects(relay.openDesk(), { code: 'STATE_IN_USE' });
  await hold.release();
  await (await relay.openDesk()).close();
});

test('a clock that was never set, or is behind what the relay wrote, is grave', async (t) => {
  const ground = cliGround(t);
  const file = join(ground.folder, 'written');
  writeFileSync(file, '');
  const noon = Date.UTC(2026, 5, 1, 12);
  utimesSync(file, noon / 1000, noon / 1000);
  const at = async (time: number) => (await clock([file, 'missing'], () => time).look())[0]?.what;
  assert.match((await at(0)) ?? '', /1970-01-01 00:00 UTC, which is long past/);
  assert.match(
    (await at(noon - 86_400_000)) ?? '',
    /2026-05-31 12:00 UTC, but .* 2026-06-01 12:00/,
  );
  assert.equal(await at(noon - 60_000), undefined);
  assert.equal(await at(noon + 86_400_000), undefined);
});

test('a disk that is nearly full, full, or out of files', async () => {
  const MIB = 1024 * 1024;
  const on = async (free: number, filesFree: number | undefined = 1e6) => {
    const read = () => Promise.resolve({ bytes: 1000 * MIB, free: free * MIB, filesFree });
    const found = await diskSpace('/state', 32, read).look();
    return found.map(({ grave, what }) => `${grave ? 'grave' : 'look'}: ${what}`).join();
  };
  assert.equal(await on(500), '');
  assert.match(await on(99), /^look: .* 90 % full: 99 MB/);
  assert.match(await on(31), /^grave: .* full: 31 MB/);
  assert.match(await on(500, 10), /^grave: .* no room for more files \(10 left\)/);
});

const BROKEN: Found = {
  grave: false,
  what: 'It is broken.',
  reason: 'It fell.',
  remedy: 'Glue it.',
};

test('a check that fails itself is a finding, and the others go on', async () => {
  const fails = { name: 'one', look: () => Promise.reject(new Error('EIO')) };
  const finds = { name: 'other', look: () => Promise.resolve([BROKEN]) };
  const { health, checks } = await examine([fails, finds], false);
  assert.equal(health, 'findings');
  assert.match(checks[0]?.findings[0]?.what ?? '', /one could not be looked at: EIO/);
  assert.equal(checks[1]?.findings[0]?.what, 'It is broken.');
});

test('a repair that fails, or does not help, is not counted as one', async () => {
  const fails = { ...BROKEN, repair: () => Promise.reject(new Error('read-only')) };
  const idle = { ...BROKEN, what: 'It is bent.', repair: () => Promise.resolve() };
  const report = await examine([{ name: 'one', look: () => Promise.resolve([fails, idle]) }], true);
  const [first, second] = report.checks[0]?.findings ?? [];
  assert.deepEqual([report.health, first?.repaired, second?.repaired], ['findings', false, false]);
  assert.match(first?.reason ?? '', /It fell\. The repair failed: read-only\./);
});

test('in words: each finding with its reason and its remedy, and what --fix would do', () => {
  const finding = { ...BROKEN, repairable: true, repaired: false };
  const checks = [
    { name: 'well thing', findings: [] },
    { name: 'thing', findings: [finding, { ...finding, grave: true, repairable: false }] },
    { name: 'other', findings: [{ ...finding, repaired: true }] },
  ];
  assert.deepEqual(inWords({ health: 'grave', checks }), [
    'well thing     well',
    'thing',
    '  look    It is broken.',
    '          It fell.',
    '          → Glue it. "snug doctor --fix" does it.',
    '  GRAVE   It is broken.',
    '          It fell.',
    '          → Glue it.',
    'other',
    '  mended  It is broken.',
    '          It fell.',
    'Something grave is wrong.',
  ]);
});
