import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { callControl } from '../../src/control/client.js';
import { controlMethods, type Operator } from '../../src/control/methods.js';
import { ControlServer } from '../../src/control/server.js';
import { createLog } from '../../src/support/log.js';

const NOTHING = () => Promise.resolve();

describe('the control socket', () => {
  let folder: string;
  let socket: string;
  let server: ControlServer;
  let lines: string[];
  const asked: unknown[] = [];

  const operator: Operator = {
    status: () => ({ health: 'well' }),
    metrics: () => Promise.resolve('snug_health 0\n'),
    createInvite: (options, mailTo) => {
      asked.push(mailTo === undefined ? options : [options, mailTo]);
      return Promise.resolve('made');
    },
    testMail: NOTHING,
    listInvites: () => Promise.reject(new Error('the disk is on fire')),
    revokeInvite: NOTHING,
    ban: NOTHING,
    unban: NOTHING,
    listBans: () => [],
    listMembers: () => Promise.resolve([]),
    checkClearnet: () => Promise.resolve([]),
    showMember: () => Promise.resolve({}),
    showSsh: () => ({}),
    recordsForBackup: () => Promise.resolve({}),
    publishAnyway: NOTHING,
    removeMember: (feed, withGuests) => {
      asked.push([feed, withGuests]);
      return Promise.resolve({ removed: [feed], guests: [] });
    },
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'snug-control-'));
    socket = join(folder, 'control.sock');
    lines = [];
    const write = (line: string) => lines.push(line);
    const log = createLog({ write, journal: false, verbose: false });
    server = new ControlServer({ socket, methods: controlMethods(operator), log });
    await server.start();
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sends bytes and reads what comes until the relay hangs up. */
  const raw = async (bytes: string | Buffer) => {
    const client = connect(socket);
    let answer = '';
    client
      .on('error', () => undefined)
      .on('data', (chunk) => {
        answer += chunk;
      });
    client.write(bytes);
    await new Promise((resolve) => client.once('close', resolve));
    return answer;
  };

  it('is for its owner alone', () => {
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  });

  it('answers, and turns days into milliseconds', async () => {
    assert.deepEqual(await callControl(socket, 'status', {}), { health: 'well' });
    assert.equal(await callControl(socket, 'invite.create', { days: 1.5 }), 'made');
    assert.deepEqual(asked.at(-1), { lifetimeMs: 129_600_000 });
  });

  it('hands on the address that a code is mailed to', async () => {
    await callControl(socket, 'invite.create', { mail: 'friend@example.org' });
    assert.deepEqual(asked.at(-1), [{}, 'friend@example.org']);
  });

  for (const [method, params] of [
    ['invite.create', { days: 'x' }],
    ['invite.create', { uses: 5 }],
    ['invite.create', { mail: ['friend@example.org'] }],
    ['invite.revoke', {}],
    ['ban', { feed: 7 }],
    ['member.remove', {}],
    ['member.remove', { feed: '@x', withGuests: 'yes' }],
    ['ban', null],
  ] as const) {
    it(`refuses ${method} with ${JSON.stringify(params)}`, async () => {
      await assert.rejects(callControl(socket, method, params), { code: 'BAD_REQUEST' });
    });
  }

  it('refuses what is no feed id before anybody is asked', async () => {
    await assert.rejects(callControl(socket, 'ban', { feed: '@x' }), { code: 'BAD_FEED_ID' });
  });

  it('removes a member without their guests unless it is told to take them too', async () => {
    const feed = `@${Buffer.alloc(32).toString('base64')}.ed25519`;
    await callControl(socket, 'member.remove', { feed });
    assert.deepEqual(asked.at(-1), [feed, false]);
    await callControl(socket, 'member.remove', { feed, withGuests: true });
    assert.deepEqual(asked.at(-1), [feed, true]);
  });

  it('knows only its own methods', async () => {
    for (const method of ['nonsense', 'constructor', '__proto__', 'toString']) {
      await assert.rejects(callControl(socket, method, {}), { code: 'NO_SUCH_METHOD' });
    }
  });

  it('reports a fault to the operator and to the log', async () => {
    await assert.rejects(callControl(socket, 'invite.list', {}), {
      code: 'INTERNAL',
      message: 'the disk is on fire',
    });
    assert.match(lines.join(), /on fire/);
  });

  it('answers garbage with an error', async () => {
    assert.match(await raw('not json\n'), /BAD_REQUEST/);
    assert.match(await raw('[]\n'), /BAD_REQUEST/);
  });

  it('hangs up on what has no end before it has taken in much', async () => {
    const client = connect(socket).on('error', () => undefined);
    const part = Buffer.alloc(64 * 1024, 'x');
    // What the relay takes in, and what the kernel holds in between, is far less.
    const most = 8 * 1024 * 1024;
    let taken = 0;
    for (let failed = false; !failed; taken += part.length) {
      assert.ok(taken < most, 'it takes in more and more');
      failed = await new Promise((resolve) => client.write(part, (error) => resolve(!!error)));
    }
    assert.deepEqual(await callControl(socket, 'status', {}), { health: 'well' });
  });

  it('does not do what a request that is too long asks for', async () => {
    const note = 'x'.repeat(70 * 1024);
    const before = asked.length;
    assert.equal(
      await raw(`${JSON.stringify({ method: 'invite.create', params: { note } })}\n`),
      '',
    );
    assert.equal(asked.length, before);
  });

  it('is not waited for when the asker is interrupted', async (t) => {
    const path = join(folder, 'silent.sock');
    const silent = createServer();
    const open: Socket[] = [];
    t.after(() => {
      for (const one of open) one.destroy();
      silent.close();
    });
    silent.listen(path);
    await once(silent, 'listening');
    const reason = new Error('interrupted');
    const ending = new AbortController();
    silent.on('connection', (one) => {
      open.push(one.on('error', () => undefined));
      one.once('data', () => ending.abort(reason));
    });
    await assert.rejects(callControl(path, 'status', {}, ending.signal), reason);
    await assert.rejects(callControl(path, 'status', {}, ending.signal), reason);
  });

  it('a second server on the same path is refused; a dead one leaves nothing in the way', async () => {
    const log = createLog({ write: () => undefined, journal: false, verbose: false });
    const second = new ControlServer({ socket, methods: {}, log });
    await assert.rejects(second.start(), { code: 'SOCKET_IN_USE' });
    await second.stop();
    assert.deepEqual(await callControl(socket, 'status', {}), { health: 'well' });
  });
});
