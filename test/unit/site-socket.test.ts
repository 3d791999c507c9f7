import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Site } from '../../src/site/site.js';
import { codeOf } from '../../src/support/errors.js';
import { createLog } from '../../src/support/log.js';
import { ask, connectAs } from '../support/site-client.js';
import { openHouse, PaperDesk } from '../support/site-house.js';

const signal = new AbortController().signal;

function siteOn(socket: string): Site {
  return new Site({
    socket,
    title: 'x',
    desk: new PaperDesk(),
    ready: () => true,
    draw: () => ({ answer: 'x', png: Buffer.alloc(1), width: 1, height: 1 }),
    limits: { requestsPerMinute: 9, sessions: 9, connections: 9 },
    now: () => performance.now(),
    cutOff: () => undefined,
    log: createLog({ write: () => undefined, journal: false, verbose: false }),
  });
}

const codeIs = (code: string) => (error: unknown) => codeOf(error) === code;

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'snug-socket-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('the socket belongs to its user alone, and is gone after the stop', async (t) => {
  const house = await openHouse();
  t.after(() => house.close());
  assert.equal((await stat(house.socket)).mode & 0o777, 0o600);
  await house.site.stop();
  await assert.rejects(stat(house.socket), codeIs('ENOENT'));
});

test('a site that cannot be opened anew knows that it does not listen, and is opened later', async (t) => {
  const house = await openHouse();
  t.after(() => house.close());
  assert.equal(house.site.listening, true);
  await rm(house.socket);
  await mkdir(house.socket);
  await assert.rejects(house.site.reopen(), codeIs('SOCKET_PATH_TAKEN'));
  assert.equal(house.site.listening, false);
  await rmdir(house.socket);
  await house.site.reopen();
  assert.equal(house.site.listening, true);
  assert.equal((await house.visitor().get('/')).status, 200);
});

test('a stop hangs up on everybody, whatever they are doing, and may be repeated', async (t) => {
  const house = await openHouse();
  t.after(() => house.close());
  const idle = connectAs(house.socket, 1);
  const halfway = connectAs(house.socket, 2);
  halfway.write('GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n');
  await once(halfway, 'data');
  const closed = [idle, halfway].map((socket) => once(socket.resume(), 'close'));
  await house.site.stop();
  await Promise.all(closed);
  await house.site.stop();
});

test('a socket that a killed process left behind is replaced', () =>
  inFolder(async (folder) => {
    const path = join(folder, 's');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    assert.ok((await stat(path)).isSocket());
    const site = siteOn(path);
    await site.start(signal);
    assert.equal((await ask(path, 1, { path: '/' })).status, 200);
    await site.stop();
  }));

test('a socket on which somebody answers is left alone', async (t) => {
  const house = await openHouse();
  t.after(() => house.close());
  const second = siteOn(house.socket);
  t.after(() => second.stop());
  await assert.rejects(second.start(signal), codeIs('SOCKET_IN_USE'));
  assert.equal((await house.visitor().get('/')).status, 200);
});

test('a file in the way is left alone', () =>
  inFolder(async (folder) => {
    const path = join(folder, 's');
    await writeFile(path, 'precious');
    await chmod(path, 0o600);
    await assert.rejects(siteOn(path).start(signal), codeIs('SOCKET_PATH_TAKEN'));
    assert.equal((await stat(path)).size, 8);
  }));

test('paths that no socket can have are named', () =>
  inFolder(async (folder) => {
    const long = join(folder, 'x'.repeat(108));
    await assert.rejects(siteOn(long).start(signal), codeIs('SOCKET_PATH_LONG'));
    const nowhere = join(dirname(folder), 'snug-no-such-folder', 's');
    await assert.rejects(siteOn(nowhere).start(signal), codeIs('SOCKET_FAILED'));
  }));

test('a start that is no longer wanted opens nothing', () =>
  inFolder(async (folder) => {
    const path = join(folder, 's');
    await assert.rejects(siteOn(path).start(AbortSignal.abort()));
    await assert.rejects(stat(path), codeIs('ENOENT'));
  }));

test('a site that never started can be stopped', () => siteOn('/nowhere').stop());
