import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyLines } from '../../src/config/key-lines.js';
import { loadConfig } from '../../src/config/load-config.js';
import { ConfigError } from '../../src/config/problems.js';

const folder = mkdtempSync(join(tmpdir(), 'snug-config-'));
after(() => rmSync(folder, { recursive: true }));
const ENV = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };

function refusal(content: string, env: NodeJS.ProcessEnv = ENV): ConfigError {
  const file = join(folder, 'snug.toml');
  writeFileSync(file, content);
  try {
    loadConfig({ file, env });
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail(`accepted: ${content}`);
}

const ALL_WRONG = `# every kind of wrong value at once
[paths]
state = 5
run = "~/run"
[tor]
binary = ["tor"]
include = "a\\nb"
[invites]
host = "localhost"
port = 80
lifetime_days = 0
per_hour = 1001
burst = 2.5
[members]
may_sponsor = -1

[feeds]
hops = "2"
[site]
title = 1979-05-27
[limits]
requests_per_minute = nan
streams_per_circuit = 9007199254740993
sessions = true
connections = { most = 5 }
`;

test('all wrong values are reported at once, with key, line, value and what is allowed', () => {
  const { problems } = refusal(ALL_WRONG);
  const host = 'a sound version 3 onion host, or a domain name such as relay.example.org';
  const path = 'a path, in full or relative to this file, with no "~" in front';
  assert.deepEqual(
    problems.map(({ line, key, value, allowed }) => [line, key, value, allowed]),
    [
      [3, 'paths.state', '5', path],
      [4, 'paths.run', '"~/run"', path],
      [6, 'tor.binary', 'a list', path],
      [7, 'tor.include', '"a\\nb"', path],
      [9, 'invites.host', '"localhost"', host],
      [10, 'invites.port', '80', 'a whole number from 1 to 65535, except 80'],
      [11, 'invites.lifetime_days', '0', 'a whole number from 1 to 365'],
      [12, 'invites.per_hour', '1001', 'a whole number from 1 to 1000'],
      [13, 'invites.burst', '2.5', 'a whole number from 1 to 1000'],
      [15, 'members.may_sponsor', '-1', 'a whole number from 0 to 1000'],
      [18, 'feeds.hops', '"2"', 'a whole number from 1 to 4'],
      [20, 'site.title', 'a date', '1 to 60 visible characters'],
      [22, 'limits.requests_per_minute', 'NaN', 'a whole number from 10 to 10000'],
      [23, 'limits.streams_per_circuit', '9007199254740993', 'a whole number from 1 to 65535'],
      [24, 'limits.sessions', 'true', 'a whole number from 10 to 100000'],
      [25, 'limits.connections', 'a table', 'a whole number from 8 to 10000'],
    ],
  );
});

test('the message has one line for each problem', () => {
  const { message, hint, problems } = refusal(ALL_WRONG);
  const [head, ...lines] = message.split('\n');
  assert.equal(head, `The configuration in ${join(folder, 'snug.toml')} cannot be used:`);
  assert.equal(lines.length, problems.length);
  assert.equal(
    lines[5],
    '  line 10: invites.port = 80; allowed: a whole number from 1 to 65535, except 80.',
  );
  assert.match(hint ?? '', /snug\.example\.toml/);
});

test('every unknown key is reported, with the known one that was probably meant', () => {
  const { problems } = refusal(`
colour = "red"
hops = 3
[invite]
port = 8008
[invites]
prot = 1
lifetimeDays = 3
may_sponsor = 2
zzz = 1
constructor = 1
prototype = 1
[feeds.hops]
`);
  assert.deepEqual(
    problems.map(({ line, key, suggestion }) => [line, key, suggestion]),
    [
      [2, 'colour', undefined],
      [3, 'hops', 'feeds.hops'],
      [4, 'invite', '[invites]'],
      [7, 'invites.prot', 'invites.port'],
      [8, 'invites.lifetimeDays', 'invites.lifetime_days'],
      [9, 'invites.may_sponsor', 'members.may_sponsor'],
      [10, 'invites.zzz', undefined],
      [11, 'invites.constructor', undefined],
      [12, 'invites.prototype', undefined],
      [13, 'feeds.hops', undefined],
    ],
  );
  assert.match(problems[3]?.allowed ?? '', /host, port, lifetime_days, per_hour, burst/);
});

test('the value of an unknown key is never shown: it may be a password', () => {
  const lines =
    '[wifi]\nssid = "Boat"\npsk = "hunter2hunter2"\nwep-key = 4711\n[net]\nk = "hunter2"';
  const { message, problems } = refusal(lines);
  assert.match(
    message,
    /line 3: wifi\.psk is unknown; allowed: only known keys, in \[wifi\]: ssid/,
  );
  assert.ok(!/hunter2|4711/.test(JSON.stringify([message, problems])), message);
});

test('unsafe keys and sections of the wrong kind are refused', () => {
  assert.equal(refusal('[__proto__]\nx = 1').problems[0]?.key, '__proto__');
  assert.equal(refusal('__proto__.invites = {}').problems[0]?.key, '__proto__');
  assert.equal(refusal('[invites]\n__proto__ = 1').problems[0]?.key, 'invites.__proto__');
  for (const wrong of ['invites = 3', '[[invites]]', 'invites = []', 'invites = 1979-05-27']) {
    const [problem] = refusal(wrong).problems;
    assert.equal(problem?.key, 'invites', wrong);
    assert.equal(problem?.allowed, 'a table of keys', wrong);
  }
});

test('mistakes in the form of the file are reported with line and column', () => {
  const [problem] = refusal('[site]\ntitle = Snug\n').problems;
  assert.deepEqual([problem?.line, problem?.column], [2, 9]);
  const twice = refusal('[site]\r\ntitle = "a"\r\ntitle = "b"\r\n');
  assert.match(twice.message, /line 3, column 1: this is not TOML: /);
  assert.equal(twice.message.split('\n').length, 2);
});

test('lines are found for any way of writing a key', () => {
  const text = [
    'site = { title = "x" }',
    'invites.port = 1',
    '# [members]',
    '',
    '[ "tor" ] # tor',
    "  'binary' = '''",
    'include = "not a key"',
    "'''",
    'include = ""',
    '[limits]',
  ].join('\n');
  assert.deepEqual(Object.fromEntries(keyLines(text)), {
    site: 1,
    'site.title': 1,
    invites: 2,
    'invites.port': 2,
    tor: 5,
    'tor.binary': 6,
    'tor.include': 9,
    limits: 10,
  });
});

test('a value is shown short, and cannot paint the terminal', () => {
  const { problems, message } = refusal('[feeds]\nhops = "\\u001b[31m\\u202e\\u009b"');
  assert.equal(problems[0]?.value, '"\\u001b[31m\\u202e\\u009b"');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(message, /[\u001b\u009b\u202e]/);
  const long = refusal(`[feeds]\nhops = "${'🦊'.repeat(500)}"`).problems[0]?.value ?? '';
  assert.equal([...long].length, 58);
});

test('a run folder too long for its sockets is refused with the remedy', () => {
  const run = (length: number) => `/${'r'.repeat(length - 1)}`;
  const [problem, ...others] = refusal(`[paths]\nrun = "${run(83)}"`).problems;
  assert.deepEqual([problem?.key, problem?.line, others.length], ['paths.run', 2, 0]);
  assert.match(problem?.allowed ?? '', /at most 82 bytes, such as \/run\/snug.*has 83/);
  const file = join(folder, 'long.toml');
  writeFileSync(file, `[paths]\nrun = "${run(82)}"`);
  assert.equal(loadConfig({ file, env: ENV }).paths.run.length, 82);
});

test('a default run folder that is too long is refused too, as not set in the file', () => {
  const error = refusal('', { HOME: `/${'é'.repeat(40)}` });
  assert.deepEqual([error.problems[0]?.key, error.problems[0]?.line], ['paths.run', undefined]);
  assert.match(error.message, /\(not set in the file\)/);
});

test('what must last does not lie in the folder that is emptied', () => {
  for (const [state, run] of [
    ['/data/a', '/data/a'],
    ['/data/a/', '/data/b/../a'],
    ['/data/a/state', '/data/a'],
  ]) {
    const { problems } = refusal(`[paths]\nstate = "${state}"\nrun = "${run}"`);
    assert.deepEqual(
      problems.map(({ key, line }) => [key, line]),
      [['paths.state', 2]],
    );
  }
});

test('folders that others need are not taken over', () => {
  for (const state of ['/', '/etc', '/var', '/var/lib/', '/tmp']) {
    assert.match(
      refusal(`[paths]\nstate = "${state}"`).problems[0]?.allowed ?? '',
      /Snug alone/,
      state,
    );
  }
});

test('folders are judged together with everything else', () => {
  const { problems } = refusal('[paths]\nstate = "/run/snug"\nrnu = 1\n[feeds]\nhops = 9');
  assert.deepEqual(
    problems.map(({ key }) => key),
    ['paths.state', 'paths.rnu', 'feeds.hops'],
  );
});
