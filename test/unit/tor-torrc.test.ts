import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, hintOf } from '../../src/support/errors.js';
import { requirePrograms } from '../../src/tor/bridges.js';
import { fillTorrc, readInclude, renderTorrc, type TorrcValues } from '../../src/tor/torrc.js';
import { temporaryFolder } from '../support/tor-kit.js';

const VALUES: TorrcValues = {
  data: '/s/data',
  onion: '/s/onion',
  control: '/r/control',
  cookie: '/r/cookie',
  socks: '/r/socks',
  services: [
    { virtualPort: 80, socket: '/r/web' },
    { virtualPort: 8008, socket: '/r/ssb' },
  ],
  streams: 20,
  owner: 4711,
  ssh: undefined,
  bridges: [],
  include: '',
};
const TEMPLATE =
  '{{data}}{{onion}}{{control}}{{cookie}}{{socks}}{{services}}{{streams}}{{owner}}' +
  '{{shared}}{{bridges}}{{ssh}}';

const refused = (code: string) => (error: unknown) => codeOf(error) === code;

async function settings(values: TorrcValues): Promise<string[]> {
  const lines = (await renderTorrc(values)).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

test('the torrc holds every setting that the design asks for', async () => {
  const lines = await settings(VALUES);
  for (const line of [
    'DataDirectory "/s/data"',
    'DisableNetwork 1',
    'ControlPort unix:"/r/control"',
    'CookieAuthentication 1',
    'CookieAuthFile "/r/cookie"',
    'SafeLogging 1',
    'NoExec 1',
    'AvoidDiskWrites 1',
    '__OwningControllerProcess 4711',
    'HiddenServiceDir "/s/onion"',
    'HiddenServicePort 80 unix:"/r/web"',
    'HiddenServicePort 8008 unix:"/r/ssb"',
    'HiddenServiceExportCircuitID haproxy',
    'HiddenServiceEnableIntroDoSDefense 1',
    'HiddenServicePoWDefensesEnabled 1',
    'HiddenServiceMaxStreams 20',
    'HiddenServiceMaxStreamsCloseCircuit 1',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(!lines.some((line) => line.startsWith('Sandbox') || line.includes('{{')));
});

test('extra lines come last', async () => {
  const lines = await settings({ ...VALUES, include: 'NoExec 0\nBridge x' });
  assert.deepEqual(lines.slice(-2), ['NoExec 0', 'Bridge x']);
});

test('no path can start a line, a comment or an option of its own', async () => {
  for (const path of [
    '/a\nSocksPort 9050',
    '/a\rx',
    '/a\0b',
    '/a\u0085b'.replace('\u0085', '\u007f'),
    '/a#b',
    'relative',
    '',
    '~/a',
  ]) {
    for (const name of ['data', 'onion', 'control', 'cookie', 'socks'] as const) {
      assert.throws(
        () => fillTorrc(TEMPLATE, { ...VALUES, [name]: path }),
        refused('TORRC_BAD_PATH'),
      );
    }
    const services = [{ virtualPort: 80, socket: path }];
    assert.throws(() => fillTorrc(TEMPLATE, { ...VALUES, services }), refused('TORRC_BAD_PATH'));
  }
});

test('quotes, backslashes and names of placeholders stay inside their quotes', () => {
  const text = fillTorrc(TEMPLATE, { ...VALUES, data: '/a "b\\', socks: '/$&{{owner}}' });
  assert.ok(text.startsWith('"/a \\"b\\\\"'));
  assert.ok(text.includes('"/$&{{owner}}"'));
});

test('a socket path has at most 107 bytes, counted as bytes', () => {
  const longest = `/${'x'.repeat(106)}`;
  assert.ok(fillTorrc(TEMPLATE, { ...VALUES, control: longest }).includes(longest));
  for (const path of [`${longest}x`, `/${'é'.repeat(54)}`]) {
    assert.throws(
      () => fillTorrc(TEMPLATE, { ...VALUES, control: path }),
      refused('TORRC_BAD_PATH'),
    );
    const services = [{ virtualPort: 80, socket: path }];
    assert.throws(() => fillTorrc(TEMPLATE, { ...VALUES, services }), refused('TORRC_BAD_PATH'));
  }
});

test('numbers are whole and in range, and each port stands once', () => {
  const port = (virtualPort: number) => ({ virtualPort, socket: '/r/x' });
  for (const services of [[], [port(0)], [port(65_536)], [port(1.5)], [port(80), port(80)]]) {
    assert.throws(() => fillTorrc(TEMPLATE, { ...VALUES, services }), refused('TORRC_BAD_NUMBER'));
  }
  for (const streams of [0, -1, 1.5, 65_536, Number.NaN]) {
    assert.throws(() => fillTorrc(TEMPLATE, { ...VALUES, streams }), refused('TORRC_BAD_NUMBER'));
  }
});

test('a template with an unknown or a missing placeholder is refused', () => {
  assert.throws(() => fillTorrc(`${TEMPLATE}{{x}}`, VALUES), refused('TORRC_BAD_TEMPLATE'));
  const without = TEMPLATE.replace('{{owner}}', '');
  assert.throws(() => fillTorrc(without, VALUES), refused('TORRC_BAD_TEMPLATE'));
});

test('a file of extra lines is read with any line ends, and refused when it is no text', async (t) => {
  const path = join(await temporaryFolder(t), 'extra');
  assert.equal(await readInclude(undefined), '');
  await assert.rejects(readInclude(path), refused('TORRC_BAD_INCLUDE'));
  await writeFile(path, 'A 1\r\nB 2\rC 3\n');
  assert.equal(await readInclude(path), 'A 1\nB 2\nC 3\n');
  for (const bad of ['A\0B', 'x'.repeat(70_000)]) {
    await writeFile(path, bad);
    await assert.rejects(readInclude(path), refused('TORRC_BAD_INCLUDE'));
  }
});

const BRIDGE = `obfs4 192.0.2.7:443 ${'A'.repeat(40)} cert=abc iat-mode=0`;

test('without bridges Tor starts no program; with them, each kind has its program once', async () => {
  assert.ok((await settings(VALUES)).includes('NoExec 1'));
  const bridges = [BRIDGE, BRIDGE.replace('7:', '8:'), 'snowflake 192.0.2.3:80 x', '192.0.2.9:1'];
  const lines = await settings({ ...VALUES, bridges });
  assert.ok(!lines.includes('NoExec 1'));
  const from = lines.indexOf('NoExec 0');
  assert.deepEqual(lines.slice(from, from + 8), [
    'NoExec 0',
    'UseBridges 1',
    'ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy',
    'ClientTransportPlugin snowflake exec /usr/bin/snowflake-client',
    ...bridges.map((line) => `Bridge ${line}`),
  ]);
  assert.ok((await settings({ ...VALUES, bridges: ['192.0.2.9:1'] })).includes('NoExec 1'));
});

test('no bridge can start a line, or bring a program of its own', () => {
  for (const line of [`${BRIDGE}\nNoExec 0`, `${BRIDGE}"`, `${BRIDGE} #`, 'meek 192.0.2.7:1 x']) {
    const values = { ...VALUES, bridges: [line] };
    assert.throws(() => fillTorrc(TEMPLATE, values), refused('TORRC_BAD_BRIDGE'));
  }
});

test('a program that is not there is told with its package', async () => {
  const programs = new Map([['obfs4', { path: '/nowhere/obfs4proxy', apt: 'obfs4proxy' }]]);
  await requirePrograms(['192.0.2.9:1'], programs);
  await assert.rejects(requirePrograms([BRIDGE], programs), (error) => {
    assert.equal(codeOf(error), 'BRIDGE_PROGRAM_MISSING');
    assert.match(hintOf(error) ?? '', /apt install obfs4proxy/);
    return true;
  });
});

test('ssh has an onion service of its own, above the one whose options follow it', async () => {
  assert.ok(!(await settings(VALUES)).some((line) => line.includes('HiddenServicePort 22')));
  const ssh = { folder: '/s/ssh', socket: '/r/ssh.sock' };
  const lines = await settings({ ...VALUES, ssh });
  const from = lines.indexOf('HiddenServiceDir "/s/ssh"');
  assert.deepEqual(lines.slice(from + 1, from + 4), [
    'HiddenServiceVersion 3',
    'HiddenServicePort 22 unix:"/r/ssh.sock"',
    'HiddenServiceDir "/s/onion"',
  ]);
  for (const bad of [
    { ...ssh, folder: 'ssh' },
    { ...ssh, socket: `/${'x'.repeat(107)}` },
  ]) {
    assert.throws(() => fillTorrc(TEMPLATE, { ...VALUES, ssh: bad }), refused('TORRC_BAD_PATH'));
  }
});

test('a Tor of another user opens its sockets and cookie for the group, our own does not', async () => {
  const own = await settings(VALUES);
  assert.ok(own.includes('CookieAuthFileGroupReadable 0'));
  assert.ok(!own.some((line) => line.includes('GroupWritable')));
  const other = await settings({ ...VALUES, owner: undefined });
  assert.ok(other.includes('ControlPort unix:"/r/control" GroupWritable'));
  assert.ok(other.includes('CookieAuthFileGroupReadable 1'));
  assert.ok(other.some((line) => line.startsWith('+SocksPort unix:"/r/socks" GroupWritable ')));
  assert.ok(!other.some((line) => line.includes('Owning')));
});
