import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { exitCodeOf } from '../../src/cli/exit-codes.js';
import { runCli } from '../../src/cli/program.js';
import { ControlServer } from '../../src/control/server.js';
import { SnugError } from '../../src/support/errors.js';
import { createLog } from '../../src/support/log.js';
import { runSnug, spawnSnug } from '../support/relay-process.js';

const SNAPSHOT = {
  health: 'degraded',
  ready: true,
  version: '1.2.3',
  uptimeSeconds: 90_061,
  site: 'http://example.onion',
  tor: {
    state: 'published',
    version: '0.4.9.11',
    bootstrap: { progress: 100, summary: 'Done' },
    descriptors: { wanted: 2, uploaded: 2 },
    restarts: 0,
  },
  todo: ['Set the clock.'],
};

describe('the snug command', () => {
  let folder: string;
  let socket: string;
  let asked: [method: string, params: unknown][];
  let server: ControlServer | undefined;

  const run = async (...args: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCli(args, {
      env: { SNUG_CONTROL: socket },
      terminal: { out: (line) => out.push(line), err: (line) => err.push(line) },
      signal: new AbortController().signal,
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  /** A control socket that gives these answers. */
  const answering = async (answers: Record<string, unknown>) => {
    const methods = Object.entries(answers).map(([method, answer]) => [
      method,
      (params: unknown) => {
        asked.push([method, params]);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    ]);
    const log = createLog({ write: () => undefined, journal: false, verbose: false });
    server = new ControlServer({ socket, methods: Object.fromEntries(methods), log });
    await server.start();
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-cli-'));
    socket = join(folder, 'control.sock');
    asked = [];
    server = undefined;
  });
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('--help and --version succeed and go to standard output', async () => {
    for (const args of [['--help'], ['invite', '--help'], ['help', 'ban']]) {
      const { code, out, err } = await run(...args);
      assert.equal(code, 0);
      assert.match(out, /Usage: snug/);
      assert.equal(err, '');
    }
    assert.match((await run('--version')).out, /^\d+\.\d+\.\d+$/);
  });

  it('ssh show prints what to put where, and the same for scripts', async () => {
    const host = `${'a'.repeat(56)}.onion`;
    await answering({ 'ssh.show': { host, clientKey: 'KEY234', user: 'operator' } });
    const line = `${'a'.repeat(56)}:descriptor:x25519:KEY234`;
    const { code, out } = await run('ssh', 'show');
    assert.equal(code, 0);
    for (const words of [line, 'ClientOnionAuthDir', `HostName ${host}`, 'User operator']) {
      assert.ok(out.includes(words), words);
    }
    const { authLine, config } = JSON.parse((await run('ssh', 'show', '--json')).out);
    assert.equal(authLine, line);
    assert.match(config, /^Host snug\n {2}HostName a{56}\.onion\n/);
  });

  it('the exit codes stand in --help', async () => {
    const { out } = await run('--help');
    for (const code of ['64', '65', '69', '70', '75', '77', '78']) assert.ok(out.includes(code));
  });

  it('a fault is no refusal, whatever code Node gives it; bad settings are those of systemd', () => {
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const wrong = Object.assign(new TypeError('no text'), { code: 'ERR_INVALID_ARG_TYPE' });
    for (const fault of [missing, wrong, new Error('x'), 'x']) assert.equal(exitCodeOf(fault), 70);
    assert.equal(exitCodeOf(new SnugError('FEED_BANNED', 'No.')), 65);
    for (const code of [
      'TORRC_BAD_INCLUDE',
      'TORRC_BAD_BRIDGE',
      'TORRC_BAD_PATH',
      'SOCKET_PATH_TAKEN',
      'SOCKET_PATH_LONG',
    ]) {
      assert.equal(exitCodeOf(new SnugError(code, 'No.')), 78, code);
    }
  });

  for (const args of [
    ['dance'],
    ['invite'],
    ['ban'],
    ['status', '--loud'],
    ['invite', 'create', '--days', 'seven'],
    ['invite', 'create', '--days', '0'],
  ]) {
    it(`wrong usage: ${args.join(' ')}`, async () => {
      const { code, err } = await run(...args);
      assert.equal(code, 64);
      assert.notEqual(err, '');
    });
  }

  it('status is for people, or for scripts, and its exit code tells how the relay is', async () => {
    await answering({ status: SNAPSHOT });
    const words = await run('status');
    assert.equal(words.code, 1);
    assert.match(
      words.out,
      /needs a look[\s\S]*up 1 d 1 h[\s\S]*example\.onion\/invite\/[\s\S]*Set the clock\./,
    );
    const json = await run('status', '--json');
    assert.equal(json.code, 1);
    assert.deepEqual(JSON.parse(json.out), SNAPSHOT);
  });

  it('a relay that does not run is down for status, and not available for the rest', async () => {
    const status = await run('status');
    assert.equal(status.code, 2);
    assert.match(status.err, /No relay answers[\s\S]*snug start/);
    assert.equal((await run('invite', 'list')).code, 69);
  });

  it('a relay that is silent is not waited for after a signal, by no command', async (t) => {
    const silent = createServer();
    t.after(() => silent.close());
    silent.listen(socket);
    await once(silent, 'listening');
    for (const [signal, code, ...command] of [
      ['SIGINT', 130, 'ban', '@x'],
      ['SIGTERM', 143, 'status'],
      // Nothing was seen by then, so it is not well.
      ['SIGINT', 2, 'status', '--watch'],
      ['SIGHUP', 129, '--config', '/dev/null', 'doctor'],
    ] as const) {
      const child = spawnSnug(['--control', socket, ...command]);
      const said: Buffer[] = [];
      child.stderr?.on('data', (chunk) => said.push(chunk));
      const [asker] = (await once(silent, 'connection')) as [Socket];
      asker.on('error', () => undefined).resume();
      child.kill(signal);
      const [ended] = (await once(child, 'close')) as [number | null];
      const err = Buffer.concat(said).toString();
      assert.equal(ended, code, `${command.join(' ')}: ${err}`);
      assert.match(err, code === 2 ? /^$/ : new RegExp(`^snug: Interrupted by ${signal}\\.\n`));
    }
  });

  it('status does not take every fault for a relay that is down', async () => {
    const file = join(folder, 'snug.toml');
    writeFileSync(file, 'colour = "red"\n');
    await answering({ status: new SnugError('NOT_ALLOWED', 'Not you.') });
    for (const watching of [[], ['--watch']]) {
      assert.equal((await run('--config', file, 'status', ...watching)).code, 78);
      assert.equal((await run('status', ...watching)).code, 77);
    }
  });

  it('the code alone goes to standard output', async () => {
    await answering({ 'invite.create': { id: 'ab12', code: 'CODE', expiresAt: 0 } });
    const { code, out, err } = await run('invite', 'create', '--note', 'for Ada', '--days', '2');
    assert.deepEqual([code, out], [0, 'CODE']);
    assert.match(err, /ab12[\s\S]*1970-01-01 00:00 UTC/);
    assert.deepEqual(asked, [['invite.create', { note: 'for Ada', days: 2 }]]);
  });

  it('what the relay refuses is said with its hint', async () => {
    await answering({
      ban: new SnugError('BAD_FEED_ID', 'That is no feed.', { hint: 'Copy it.' }),
    });
    const { code, err } = await run('ban', '@x');
    assert.equal(code, 65);
    assert.equal(err, 'snug: That is no feed.\n  Copy it.');
  });

  it('a fault in the relay is an internal error, not a refusal', async () => {
    await answering({ unban: new Error('boom') });
    assert.equal((await run('unban', '@x')).code, 70);
  });

  it('members are listed a line each, and shown with the reason why they do not go on', async () => {
    const ada = { feed: '@ada', member: true, blocked: false, connected: true, sequence: 7 };
    const ben = { feed: '@ben', member: true, blocked: true, connected: false, sequence: 3 };
    const reason = 'It is forked.';
    const reports = [
      { ...ada, state: 'ok' },
      { ...ben, state: 'refused', reason },
    ];
    await answering({ 'member.list': reports, 'member.show': reports[1] });
    const [one = '', other = ''] = (await run('member', 'list')).out.split('\n');
    assert.match(one, /^@ada +ok +connected +7 messages$/);
    assert.match(other, /^@ben +refused +away +3 messages +It is forked\.$/);
    const shown = await run('member', 'show', '@ben');
    assert.match(shown.out, /@ben[\s\S]*banned[\s\S]*3[\s\S]*refused[\s\S]*It is forked\./);
    assert.deepEqual(asked.at(-1), ['member.show', { feed: '@ben' }]);
  });

  it('clearnet check prints each finding with what to do, and ends with 1 unless all is well', async () => {
    const good = { name: 'dns', state: 'ok', what: 'It has an address.' };
    const bad = { name: 'port', state: 'failed', what: 'Nobody listens.', hint: 'Start it.' };
    await answering({ 'clearnet.check': [good, bad] });
    const { code, out } = await run('clearnet', 'check');
    assert.equal(code, 1);
    assert.equal(out, 'ok      It has an address.\nfailed  Nobody listens.\n        Start it.');
    const json = await run('clearnet', 'check', '--json');
    assert.deepEqual(JSON.parse(json.out), [good, bad]);
  });

  it('bad configuration: every problem at once, exit code 78, nothing is started', async () => {
    const file = join(folder, 'snug.toml');
    writeFileSync(
      file,
      `[paths]\nstate = "${folder}/state"\n[invites]\nprot = 1\nper_hour = "many"\n`,
    );
    const { code, err } = await runSnug(['--config', file, 'start']);
    assert.equal(code, 78);
    assert.match(err, /line 4: invites\.prot[\s\S]*invites\.port[\s\S]*line 5: invites\.per_hour/);
    assert.deepEqual(readdirSync(folder), ['snug.toml']);
  });

  it('no tor: exit code 69, and how to install it', async () => {
    const file = join(folder, 'snug.toml');
    const paths = `[paths]\nstate = "${folder}/state"\nrun = "${folder}/run"\n`;
    writeFileSync(file, `${paths}[tor]\nbinary = "${folder}/no-tor"\n`);
    const { code, err } = await runSnug(['--config', file, 'start']);
    assert.equal(code, 69);
    assert.match(err, /no-tor[\s\S]*apt install tor/);
  });

  it('ends quietly when nobody reads on', async () => {
    const file = join(folder, 'snug.toml');
    // More than a pipe holds, so that the command is still at it.
    writeFileSync(join(folder, 'log'), 'info: snug: one more line\n'.repeat(40_000));
    writeFileSync(file, `[paths]\nstate = "${folder}/state"\n[log]\nfile = "log"\n`);
    const child = spawnSnug(['--config', file, 'log', '--lines', '40000']);
    const said: Buffer[] = [];
    child.stderr?.on('data', (chunk) => said.push(chunk));
    child.stdout?.once('data', () => child.stdout?.destroy());
    const [code] = (await once(child, 'close')) as [number | null];
    assert.deepEqual([code, Buffer.concat(said).toString()], [141, '']);
  });

  it('says so when its output cannot be written', async (t) => {
    const full = openSync('/dev/full', 'w');
    t.after(() => closeSync(full));
    const child = spawnSnug(['man'], ['ignore', full, 'pipe']);
    const said: Buffer[] = [];
    child.stderr?.on('data', (chunk) => said.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 65);
    assert.match(Buffer.concat(said).toString(), /^snug: The standard output.*ENOSPC/);
  });

  it('a relay is not ended by a log that cannot be written', async (t) => {
    const file = join(folder, 'snug.toml');
    const paths = `[paths]\nstate = "${folder}/state"\nrun = "${folder}/run"\n`;
    writeFileSync(file, `${paths}[tor]\nbinary = "${folder}/no-tor"\n`);
    const full = openSync('/dev/full', 'w');
    t.after(() => closeSync(full));
    const child = spawnSnug(['--config', file, 'start', '--verbose'], ['ignore', 'pipe', full]);
    const [code] = (await once(child, 'close')) as [number | null];
    // It came as far as to look for Tor.
    assert.equal(code, 69);
  });

  it('wants the configuration of a relay whose files it reads, not of another one', async () => {
    for (const command of [['log'], ['backup', join(folder, 'b.age')]]) {
      const { code, err } = await run(...command);
      assert.equal(code, 64, command[0]);
      assert.match(err, /use --config/);
    }
    const doctor = await run('doctor');
    assert.equal(doctor.code, 2);
    assert.match(doctor.out, /use --config/);
    assert.deepEqual(readdirSync(folder), []);
  });
});
