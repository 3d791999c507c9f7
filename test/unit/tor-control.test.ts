import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { codeOf } from '../../src/support/errors.js';
import { authenticate } from '../../src/tor/authenticate.js';
import { Control } from '../../src/tor/control.js';
import { HostileControl, type HostileOptions } from '../support/hostile-control.js';

const EVENTS = ['STATUS_CLIENT', 'HS_DESC'];
const LONG = 30_000;

async function meet(t: TestContext, options: HostileOptions = {}, commandMs = LONG) {
  const server = await HostileControl.open(options);
  t.after(() => server.close());
  const control = await Control.connect({ path: server.path, events: EVENTS, commandMs });
  t.after(() => control.close());
  return { server, control };
}

/** A server that is honest but for one command. */
function except(name: string, react: Exclude<HostileOptions['react'], undefined>): HostileOptions {
  return { react: (command) => (command.startsWith(name) ? react(command) : 'honest') };
}

const hasCode = (code: string) => (error: unknown) => codeOf(error) === code;

function byteByByte(socket: Socket, text: string): void {
  const bytes = [...Buffer.from(text)];
  const next = () => {
    const byte = bytes.shift();
    if (byte === undefined || socket.destroyed) return;
    socket.write(Buffer.from([byte]), () => setImmediate(next));
  };
  next();
}

test('an honest server is authenticated, owned, subscribed to and asked', async (t) => {
  const { server, control } = await meet(t);
  await authenticate(control, server.cookieFile);
  await control.takeOwnership();
  await control.subscribe();
  await control.setConf('DisableNetwork', '0');
  assert.equal(await control.getInfo('version'), '0.4.9.11');
  assert.deepEqual(
    server.commands.map((command) => command.split(' ')[0]),
    [
      'AUTHCHALLENGE',
      'AUTHENTICATE',
      'TAKEOWNERSHIP',
      'RESETCONF',
      'SETEVENTS',
      'SETCONF',
      'GETINFO',
    ],
  );
  assert.ok(server.commands.includes('SETEVENTS STATUS_CLIENT HS_DESC'));
});

test('replies and events arrive whole when each byte comes alone', async (t) => {
  const { server, control } = await meet(t, { send: byteByByte });
  await authenticate(control, server.cookieFile);
  const heard = new Promise<readonly string[]>((resolve) => control.on('HS_DESC', resolve));
  assert.equal(
    await control.getInfo('status/bootstrap-phase'),
    'NOTICE BOOTSTRAP PROGRESS=45 TAG=x SUMMARY="a=b \\"c\\""',
  );
  server.shout('650-HS_DESC one two\r\n650 more\r\n');
  assert.deepEqual(await heard, ['one two', 'more']);
});

test('a value keeps everything behind its equals signs', async (t) => {
  const { control } = await meet(t);
  assert.match(await control.getInfo('status/bootstrap-phase'), /PROGRESS=45 .*SUMMARY="a=b/);
});

test('commands given at once are answered in their order', async (t) => {
  const { control } = await meet(t);
  const answers = await Promise.allSettled([
    control.getInfo('version'),
    control.getInfo('no-such-thing'),
    control.closeCircuit(5),
    control.getInfo('version'),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
});

test('a circuit that is gone is no error, another refusal is', async (t) => {
  const { control } = await meet(t);
  await control.closeCircuit(44);
  await control.closeCircuit(45);
  const strict = await meet(
    t,
    except('CLOSECIRCUIT', () => '514 Authentication required.\r\n'),
  );
  await assert.rejects(strict.control.closeCircuit(44), hasCode('CONTROL_REFUSED'));
  await assert.rejects(control.closeCircuit(-1), hasCode('CONTROL_BAD_COMMAND'));
  await assert.rejects(control.closeCircuit(1.5), hasCode('CONTROL_BAD_COMMAND'));
});

test('a server that does not know its cookie never gets the answer to its challenge', async (t) => {
  const { server, control } = await meet(
    t,
    except('AUTHCHALLENGE', () => {
      const hex = 'AB'.repeat(32);
      return `250 AUTHCHALLENGE SERVERHASH=${hex} SERVERNONCE=${hex}\r\n`;
    }),
  );
  await assert.rejects(authenticate(control, server.cookieFile), hasCode('CONTROL_AUTH'));
  assert.equal(server.commands.length, 1);
});

test('a cookie of the wrong length is refused', async (t) => {
  for (const length of [0, 31, 33]) {
    const { server, control } = await meet(t, { cookie: Buffer.alloc(length) });
    await assert.rejects(authenticate(control, server.cookieFile), hasCode('CONTROL_AUTH'));
    assert.equal(server.commands.length, 1);
  }
});

test('a missing cookie file and a folder in its place are refused', async (t) => {
  const { server, control } = await meet(t);
  await assert.rejects(authenticate(control, `${server.cookieFile}x`), hasCode('CONTROL_AUTH'));
  await assert.rejects(authenticate(control, '/tmp'), hasCode('CONTROL_AUTH'));
});

test('nothing weaker than SAFECOOKIE is ever sent', async (t) => {
  for (const reply of ['513 Invalid authentication type\r\n', '515 No cookie\r\n']) {
    const { server, control } = await meet(
      t,
      except('AUTHCHALLENGE', () => reply),
    );
    await assert.rejects(authenticate(control, server.cookieFile), hasCode('CONTROL_REFUSED'));
    assert.equal(server.commands.length, 1);
  }
});

test('a challenge that is answered with something else ends the connection', async (t) => {
  const hex = 'AB'.repeat(32);
  for (const reply of [
    '250 OK\r\n',
    '250 AUTHCHALLENGE\r\n',
    '250 AUTHCHALLENGE SERVERHASH= SERVERNONCE=\r\n',
    `250 AUTHCHALLENGE SERVERHASH=${hex}\r\n`,
    `250 AUTHCHALLENGE SERVERHASH=${hex} SERVERNONCE=${hex}00\r\n`,
  ]) {
    const { server, control } = await meet(
      t,
      except('AUTHCHALLENGE', () => reply),
    );
    await assert.rejects(authenticate(control, server.cookieFile), hasCode('CONTROL_PROTOCOL'));
    assert.equal(codeOf(await control.closed), 'CONTROL_PROTOCOL');
  }
});

test('without an answer every waiting command fails, and the connection ends', async (t) => {
  const { control } = await meet(t, { react: () => undefined }, 50);
  const waiting = [control.getInfo('version'), control.closeCircuit(1), control.subscribe()];
  for (const one of waiting) await assert.rejects(one, hasCode('CONTROL_TIMEOUT'));
  assert.equal(codeOf(await control.closed), 'CONTROL_TIMEOUT');
  await assert.rejects(control.getInfo('version'), hasCode('CONTROL_TIMEOUT'));
});

test('a connection that closes in the middle of a reply fails every waiting command', async (t) => {
  const { control } = await meet(t, { react: () => (socket) => socket.end('250-vers') });
  const waiting = [control.getInfo('version'), control.closeCircuit(1), control.takeOwnership()];
  for (const one of waiting) await assert.rejects(one, hasCode('CONTROL_LOST'));
  assert.equal(codeOf(await control.closed), 'CONTROL_LOST');
});

test('garbage ends the connection', async (t) => {
  for (const garbage of ['HTTP/1.1 200 OK\r\n\r\n', '\0\0\0\n', '250 OK\n', '999 x\r\n']) {
    const { control } = await meet(t, { react: () => garbage });
    await assert.rejects(control.getInfo('version'), hasCode('CONTROL_PROTOCOL'));
    assert.equal(codeOf(await control.closed), 'CONTROL_PROTOCOL');
  }
});

test('a reply that nobody waits for ends the connection', async (t) => {
  for (const reply of ['250 OK\r\n', '515 Bad\r\n']) {
    const { server, control } = await meet(t);
    await control.getInfo('version');
    server.shout(reply);
    assert.equal(codeOf(await control.closed), 'CONTROL_PROTOCOL');
  }
});

test('two replies to one command end the connection', async (t) => {
  const { control } = await meet(t, { react: () => '250 OK\r\n250 OK\r\n' });
  await control.subscribe();
  assert.equal(codeOf(await control.closed), 'CONTROL_PROTOCOL');
});

test('an event that nobody asked for by name does not reach granax', async (t) => {
  const { server, control } = await meet(t);
  for (const name of ['error', 'close', 'ready', 'newListener', 'ERROR', '', 'HS_DESCX']) {
    server.shout(`650 ${name} x\r\n`);
  }
  server.shout('651 HS_DESC x\r\n650-error\r\n650 OK\r\n');
  const heard = new Promise<readonly string[]>((resolve) => control.on('HS_DESC', resolve));
  server.shout('650 HS_DESC the first\r\n');
  assert.deepEqual(await heard, ['the first']);
  assert.equal(await control.getInfo('version'), '0.4.9.11');
});

test('a line of 64 MB without end is cut off early', async (t) => {
  const size = 64 * 1024 * 1024;
  let written = 0;
  const flood = (socket: Socket) => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const next = () => {
      if (socket.destroyed || written >= size) return;
      written += chunk.length;
      socket.write(chunk, next);
    };
    next();
  };
  const { control } = await meet(t, { react: () => flood });
  await assert.rejects(control.getInfo('version'), hasCode('CONTROL_PROTOCOL'));
  assert.ok(written < size / 8, `${written} bytes were taken`);
});

test('a value of many lines is whole, and does not disturb what follows', async (t) => {
  const data = '250+version=\r\nabc 250 OK\r\n250 OK\r\n650 error\r\n.\r\n250 OK\r\n';
  const { control } = await meet(t, { react: () => data });
  assert.equal(await control.getInfo('version'), '\nabc 250 OK\n250 OK\n650 error');
  assert.equal(await control.getInfo('version'), '\nabc 250 OK\n250 OK\n650 error');
});

test('a value for another key is refused', async (t) => {
  const { control } = await meet(t, { react: () => '250-versions=1\r\n250 OK\r\n' });
  await assert.rejects(control.getInfo('version'), hasCode('CONTROL_PROTOCOL'));
});

test('a setting cannot smuggle in a command', async (t) => {
  const { server, control } = await meet(t);
  for (const value of ['0\r\nQUIT', '0\nQUIT', 'a\0b']) {
    await assert.rejects(control.setConf('Log', value), hasCode('CONTROL_BAD_COMMAND'));
  }
  await assert.rejects(control.setConf('Log X', '1'), hasCode('CONTROL_BAD_COMMAND'));
  assert.equal(server.commands.length, 0);
  await control.setConf('Log', 'a" b\\');
  assert.deepEqual(server.commands, ['SETCONF Log="a\\" b\\\\"']);
});

test('a command of two lines never reaches Tor', async (t) => {
  const { server, control } = await meet(t);
  await assert.rejects(control.getInfo('version\r\nSIGNAL HALT'), hasCode('CONTROL_BAD_COMMAND'));
  assert.equal(server.commands.length, 0);
});

test('a flood of commands is refused instead of kept', async (t) => {
  const { control } = await meet(t, { react: () => undefined }, 200);
  const results = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, id) => control.closeCircuit(id)),
  );
  const codes = results.map((result) =>
    result.status === 'rejected' ? codeOf(result.reason) : undefined,
  );
  assert.equal(codes.filter((code) => code === 'CONTROL_BUSY').length, 1000 - 256);
  assert.equal(codes.filter((code) => code === 'CONTROL_TIMEOUT').length, 256);
});

test('a socket that nobody serves is an error at once', async (t) => {
  const { server } = await meet(t);
  await writeFile(`${server.path}-file`, '');
  for (const path of [`${server.path}-none`, `${server.path}-file`]) {
    const connecting = Control.connect({ path, events: EVENTS, commandMs: LONG });
    await assert.rejects(connecting, hasCode('CONTROL_LOST'));
  }
});
