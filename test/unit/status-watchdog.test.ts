import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { suggestTime } from '../../src/status/clock.js';
import { notifierOf, watchdogPeriod } from '../../src/status/notify.js';
import { patienceOf, Watchdog } from '../../src/status/watchdog.js';
import { createLog } from '../../src/support/log.js';
import { eventually } from '../support/wait.js';

const run = promisify(execFile);

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'snug-notify-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Prints each datagram on the unix socket; Perl, because Node has none. */
const LISTENER = `use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die; print "open\\n";
while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/ | /g; print "$m\\n" unless $m eq "BARRIER=1" }`;

test('the real systemd-notify tells what systemd expects to hear', async (t) => {
  const found = await run('systemd-notify', ['--version']).catch(() => undefined);
  if (found === undefined) return t.skip('the Debian package systemd is not installed');
  const socket = join(await folderOf(t), 'notify');
  const listener = spawn('perl', ['-e', LISTENER, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => listener.kill());
  const heard: string[] = [];
  const lines = createInterface({ input: listener.stdout });
  await once(lines, 'line');
  lines.on('line', (line) => heard.push(line));
  const notify = notifierOf({ NOTIFY_SOCKET: socket });
  assert.ok(notify !== undefined);
  // It waits for systemd to close a descriptor that it sends along; the listener does not.
  void notify({ ready: true, status: 'up\nREADY=0', alive: true }).catch(() => undefined);
  const said = await eventually('the message', () => heard[0]);
  const words = said.split(' | ');
  for (const word of ['READY=1', 'STATUS=up READY=0', 'WATCHDOG=1']) {
    assert.ok(words.includes(word), `${word} in ${said}`);
  }
});

test('nobody is told where nobody listens', () => {
  assert.equal(notifierOf({}), undefined);
  assert.equal(notifierOf({ NOTIFY_SOCKET: '' }), undefined);
});

test('a notifier that fails or is not there rejects', async (t) => {
  const program = join(await folderOf(t), 'program');
  await writeFile(program, '#!/bin/sh\nexit 1\n');
  await chmod(program, 0o755);
  for (const one of [program, '/nowhere/systemd-notify']) {
    await assert.rejects(
      (async () => notifierOf({ NOTIFY_SOCKET: 'x' }, one)?.({ alive: true }))(),
    );
  }
});

test('the relay reports three times as often as systemd wants, and at least each half minute', () => {
  assert.equal(watchdogPeriod({}), undefined);
  for (const odd of ['', 'x', '-1', '0']) {
    assert.equal(watchdogPeriod({ WATCHDOG_USEC: odd }), undefined);
  }
  assert.equal(watchdogPeriod({ WATCHDOG_USEC: '300000000' }), 300_000);
  assert.equal(patienceOf(300_000).everyMs, 30_000);
  assert.equal(patienceOf(15_000).everyMs, 5000);
  assert.equal(patienceOf(undefined).everyMs, 30_000);
});

/** A watchdog that looks all the time, and what it said. */
function watching(t: TestContext, alive: () => Promise<void>, answerMs = 60_000) {
  const said: object[] = [];
  const lines: string[] = [];
  let changed = () => {};
  let short = 'starting';
  const watchdog = new Watchdog({
    watched: {
      alive,
      inShort: () => short,
      onChange: (listener) => {
        changed = listener;
        return () => {
          changed = () => {};
        };
      },
    },
    notify: async (message) => void said.push(message),
    log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
    everyMs: 5,
    gapMs: 5,
    answerMs,
  });
  t.after(() => watchdog.stop());
  const become = (text: string) => {
    short = text;
    changed();
  };
  return { watchdog, said, lines, become };
}

const aliveIn = (said: readonly object[]) => said.filter((one) => 'alive' in one).length;

test('systemd is told that the relay is up, and again and again that it is alive', async (t) => {
  const { watchdog, said } = watching(t, async () => undefined);
  await watchdog.start();
  assert.deepEqual(said[0], { ready: true, alive: true, status: 'starting' });
  await eventually('five signs of life', () => (aliveIn(said) > 5 ? true : undefined), 30_000);
});

test('a room that does not answer, or fails, gives no sign of life, but a line in the log', async (t) => {
  for (const alive of [() => new Promise<void>(() => {}), () => Promise.reject(new Error('no'))]) {
    const { watchdog, said, lines } = watching(t, alive, 5);
    await watchdog.start();
    await eventually('complaints', () => (lines.length > 2 ? true : undefined), 30_000);
    assert.equal(aliveIn(said), 1, 'only that of the start');
    assert.match(lines[0] ?? '', /No sign of life/);
  }
});

test('a room that answers again gives signs of life again', async (t) => {
  let well = false;
  const answer = () => (well ? Promise.resolve() : Promise.reject(new Error('not yet')));
  const { watchdog, said, lines } = watching(t, answer);
  await watchdog.start();
  await eventually('a complaint', () => lines[0], 30_000);
  well = true;
  await eventually('a sign of life', () => (aliveIn(said) > 1 ? true : undefined), 30_000);
});

test('the status follows, each text once', async (t) => {
  const { watchdog, said, become } = watching(t, async () => undefined);
  await watchdog.start();
  const texts = () => said.flatMap((one) => ('status' in one ? [one.status] : []));
  for (const text of ['halfway', 'halfway', 'well']) become(text);
  await eventually('the status', () => (texts().includes('well') ? true : undefined), 30_000);
  become('well');
  become('bad');
  await eventually('the status', () => (texts().includes('bad') ? true : undefined), 30_000);
  assert.deepEqual(texts(), ['starting', 'well', 'bad']);
});

test('after the stop nothing is said, and no timer keeps the process', async () => {
  const script = `
    const { Watchdog } = await import(${JSON.stringify(new URL('../../src/status/watchdog.js', import.meta.url).href)});
    const log = { warning() {} };
    const watched = { alive: async () => {}, inShort: () => '', onChange: () => () => {} };
    const options = { watched, notify: async () => {}, log, everyMs: 1e6, gapMs: 1e6, answerMs: 1e6 };
    await new Watchdog(options).start();`;
  await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 });
});

/** A Tor that says by how much the clock is wrong, and what was written of it. */
function clockKit() {
  const texts: string[] = [];
  let listener = (_: { clockSkewSeconds?: number }) => {};
  let up = 1000;
  const stop = suggestTime({
    tor: {
      status: () => ({}),
      onChange: (given) => {
        listener = given;
        return () => {
          listener = () => {};
        };
      },
    },
    write: async (text) => void texts.push(text),
    now: () => 1_800_000_000_400,
    uptime: () => up,
    failed: (error) => assert.fail(String(error)),
  });
  const report = (skew?: number) => listener(skew === undefined ? {} : { clockSkewSeconds: skew });
  const pass = (seconds: number) => {
    up += seconds;
  };
  return { texts, report, pass, stop };
}

test('what Tor says of the clock becomes the true time at an uptime', () => {
  const { texts, report, pass } = clockKit();
  report();
  report(-259_200);
  pass(400);
  report(7200);
  assert.deepEqual(texts, ['1800259200 1000\n', '1799992800 1400\n']);
});

test('several relays that say the same make one suggestion, and none after the end', () => {
  const { texts, report, pass, stop } = clockKit();
  for (const skew of [-259_200, -259_201, -259_199]) report(skew);
  pass(299);
  report(-259_200);
  assert.equal(texts.length, 1);
  pass(1);
  stop();
  report(-259_200);
  assert.equal(texts.length, 1);
});

test('a time before 1970 is suggested to nobody', () => {
  const { texts, report } = clockKit();
  report(1_900_000_000);
  assert.deepEqual(texts, []);
});

test('the notifier leaves nothing of the environment but the socket to its program', async (t) => {
  const folder = await folderOf(t);
  const program = join(folder, 'program');
  await writeFile(program, `#!/bin/sh\nenv >${join(folder, 'env')}\n`);
  await chmod(program, 0o755);
  const notify = notifierOf({ NOTIFY_SOCKET: 'x', SNUG_SECRET: 'y', NODE_OPTIONS: 'z' }, program);
  await notify?.({ alive: true });
  const lines = (await readFile(join(folder, 'env'), 'utf8')).split('\n');
  assert.ok(lines.includes('NOTIFY_SOCKET=x'));
  assert.ok(!lines.some((line) => /SNUG_SECRET|NODE_OPTIONS/.test(line)));
});
