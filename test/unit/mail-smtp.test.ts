import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it, mock } from 'node:test';
import type { SMTPServerOptions } from 'smtp-server';
import { type SessionTimings, TIMINGS } from '../../src/mail/limits.js';
import type { MailSettings } from '../../src/mail/settings.js';
import { Smtp } from '../../src/mail/smtp.js';
import { SnugError } from '../../src/support/errors.js';
import { FRIEND, LETTER, ME, mailSettings, SERVER } from '../support/mail-kit.js';
import {
  type Certificate,
  type MailServer,
  makeCertificate,
  PASSWORD,
  startMailServer,
  USER,
} from '../support/mail-server.js';
import { type SocksStub, startSocksStub } from '../support/socks-stub.js';

const QUICK: SessionTimings = { dial: 2000, greeting: 300, silence: 300, whole: 120_000 };
const never = new AbortController().signal;

describe('a mail on its way to the server', () => {
  let keys: string;
  let certificate: Certificate;
  let folder: string;
  let socks: SocksStub;
  let stops: (() => unknown)[];

  before(async () => {
    keys = mkdtempSync(join(tmpdir(), 'snug-mail-keys-'));
    certificate = await makeCertificate(keys, SERVER);
  });
  after(() => rmSync(keys, { recursive: true }));
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'snug-mail-'));
    socks = await startSocksStub(join(folder, 'socks'));
    stops = [];
  });
  afterEach(async () => {
    for (const stop of stops) await stop();
    await socks.stop();
    rmSync(folder, { recursive: true });
  });

  const smtp = (more: Partial<MailSettings> = {}, timings = TIMINGS, authority?: string) =>
    new Smtp({
      settings: mailSettings(folder, more),
      socks: socks.path,
      timings,
      now: () => Date.UTC(2026, 10, 5, 12),
      authority: authority ?? certificate.cert,
    });
  const serve = async (options: SMTPServerOptions = {}): Promise<MailServer> => {
    const path = join(folder, 'smtp');
    const server = await startMailServer(path, { ...certificate, ...options });
    stops.push(() => server.stop());
    socks.target = path;
    return server;
  };
  /** A server that says what a test wants, byte by byte. */
  const serveRaw = async (talk: (socket: Socket) => void): Promise<Server> => {
    const path = join(folder, 'raw');
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
      talk(socket);
    });
    await once(server.listen(path), 'listening');
    stops.push(() => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    socks.target = path;
    return server;
  };
  const failure = async (sending: Promise<void>): Promise<SnugError> => {
    const error = await sending.then(
      () => assert.fail('it was sent'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof SnugError);
    assert.ok(error.hint);
    return error;
  };

  it('goes encrypted and with a login, by STARTTLS', async () => {
    const server = await serve();
    await smtp().send(LETTER, never);
    assert.equal(server.received.length, 1);
    const [mail] = server.received;
    assert.deepEqual(
      { ...mail, raw: '' },
      { from: ME, to: [ME], greeting: '[127.0.0.1]', user: USER, secure: true, raw: '' },
    );
    assert.match(
      mail?.raw ?? '',
      /^Message-ID: <11111111-2222-4333-8444-555555555555@example\.org>/m,
    );
  });

  it('goes encrypted from the first byte, when so asked', async () => {
    const server = await serve({ secure: true, needsUpgrade: true });
    await smtp({ tls: 'implicit', port: 465 }).send(LETTER, never);
    assert.equal(server.received[0]?.secure, true);
  });

  it('goes in the plain only when so asked, which the configuration allows for onions alone', async () => {
    const server = await serve({ hideSTARTTLS: true, allowInsecureAuth: true });
    await smtp({ tls: 'none' }).send(LETTER, never);
    assert.deepEqual([server.received[0]?.secure, server.received[0]?.user], [false, USER]);
  });

  it('needs no login when none is configured', async () => {
    const server = await serve();
    await smtp({ user: undefined }).send(LETTER, never);
    assert.equal(server.received[0]?.user, undefined);
  });

  it('asks Tor for the host by name, on a circuit of its own', async () => {
    await serve();
    await smtp().send(LETTER, never);
    assert.deepEqual(socks.asked, [
      { user: 'snug-mail', password: SERVER, host: SERVER, port: 587 },
    ]);
  });

  it('carries the picture of a QR code, and no name of this machine', async () => {
    const server = await serve();
    mock.method(os, 'hostname', () => 'box.lan.example');
    await smtp()
      .send({ ...LETTER, to: FRIEND, qr: 'http://x.onion/invite/' }, never)
      .finally(() => mock.restoreAll());
    const [mail] = server.received;
    assert.deepEqual(mail?.to, [FRIEND]);
    assert.match(mail?.raw ?? '', /Content-Type: image\/png; name=address\.png/);
    // Base64 of the first bytes of every PNG.
    assert.match(mail?.raw ?? '', /^iVBORw0KGgo/m);
    assert.match(mail?.raw ?? '', /^Auto-Submitted: auto-generated/m);
    assert.match(mail?.raw ?? '', /^Date: Thu, 05 Nov 2026 12:00:00 \+0000/m);
    assert.ok(!`${mail?.raw}${mail?.greeting}`.includes('box.lan'));
  });

  it('hears a server whose greeting comes in one piece with the answer of Tor', async () => {
    const server = await serve();
    socks.together = true;
    await smtp({}, { ...TIMINGS, greeting: 10_000 }).send(LETTER, never);
    assert.equal(server.received.length, 1);
  });

  describe('that must not leave this machine but through Tor', () => {
    let dialled: unknown[];
    let looked: unknown[];
    let bait: MailServer & { port: number };

    beforeEach(async () => {
      bait = await startMailServer(0, certificate);
      stops.push(() => bait.stop());
      dialled = [];
      looked = [];
      const connect = Socket.prototype.connect;
      mock.method(Socket.prototype, 'connect', function (this: Socket, ...args: never[]) {
        const [first] = args.flat() as unknown[];
        const path = (first as { path?: unknown } | undefined)?.path ?? first;
        if (typeof path !== 'string' || !path.startsWith(folder)) dialled.push(args);
        return Reflect.apply(connect, this, args) as Socket;
      });
      mock.method(dns, 'lookup', (...args: unknown[]) => looked.push(args));
    });
    afterEach(() => mock.restoreAll());

    const untouched = () => assert.deepEqual([dialled, looked, bait.connections], [[], [], 0]);

    it('is sent, and nothing was dialled or looked up here', async () => {
      const server = await serve();
      await smtp().send(LETTER, never);
      assert.equal(server.received.length, 1);
      untouched();
    });

    it('waits when Tor refuses, though the server could be reached from here', async () => {
      const local = { server: 'localhost', port: bait.port };
      assert.equal((await failure(smtp(local).send(LETTER, never))).code, 'MAIL_UNREACHABLE');
      untouched();
    });

    it('waits when Tor is not there, though the server could be reached from here', async () => {
      await socks.stop();
      const local = { server: '127.0.0.1', port: bait.port };
      assert.equal((await failure(smtp(local).send(LETTER, never))).code, 'MAIL_UNREACHABLE');
      untouched();
      socks = await startSocksStub(join(folder, 'socks2'));
    });

    it('waits when the server hangs up, and no second way is tried', async () => {
      await serveRaw((socket) => socket.destroy());
      const local = { server: 'localhost', port: bait.port };
      await failure(smtp(local, QUICK).send(LETTER, never));
      untouched();
    });

    it('the bait works: it sees who dials by himself', async () => {
      const own = new Socket().connect(bait.port, '127.0.0.1');
      await once(own, 'data');
      own.destroy();
      assert.equal(dialled.length, 1);
      assert.equal(bait.connections, 1);
    });
  });

  describe('that the server must not get in the plain', () => {
    /** What a client said to a server without encryption. */
    const plainTalk = async (answers: Record<string, string>) => {
      const said: string[] = [];
      await serveRaw((socket) => {
        socket.write('220 hello\r\n');
        socket.on('data', (data) => {
          for (const line of data.toString().split('\r\n').filter(Boolean)) {
            said.push(line);
            socket.write(answers[line.split(' ')[0] ?? ''] ?? '250 fine\r\n');
          }
        });
      });
      return said;
    };

    for (const [what, answers] of [
      [
        'does not offer STARTTLS',
        { EHLO: '250-hello\r\n250 AUTH PLAIN\r\n', STARTTLS: '502 no\r\n' },
      ],
      ['refuses STARTTLS', { EHLO: '250-hello\r\n250 STARTTLS\r\n', STARTTLS: '454 not now\r\n' }],
      ['knows no EHLO', { EHLO: '502 what?\r\n' }],
    ] as const) {
      it(`stays here when the server ${what}`, async () => {
        const said = await plainTalk(answers);
        const { code } = await failure(smtp().send(LETTER, never));
        assert.match(code, /^MAIL_(NO_TLS|LATER)$/);
        assert.deepEqual(
          said.filter((line) => !/^(EHLO \[127\.0\.0\.1\]|STARTTLS|QUIT)$/.test(line)),
          [],
        );
      });
    }

    it('stays here when the server answers "go on" to STARTTLS and speaks no TLS', async () => {
      const said = await plainTalk({ EHLO: '250 STARTTLS\r\n', STARTTLS: '220 go on\r\n' });
      const { code } = await failure(smtp().send(LETTER, never));
      assert.equal(code, 'MAIL_NO_TLS');
      assert.ok(!said.some((line) => /AUTH|MAIL|RCPT|DATA/.test(line)));
    });

    it('stays here when encryption from the first byte meets a server that has none', async () => {
      await plainTalk({});
      const { code } = await failure(smtp({ tls: 'implicit' }, QUICK).send(LETTER, never));
      assert.match(code, /^MAIL_(NO_TLS|SILENT)$/);
    });

    for (const [what, more, authority] of [
      ['is signed by nobody known', {}, ''],
      ['is for another host', { server: 'other.example.org' }, undefined],
      ['is for another name than the one configured', { tlsName: 'other.example.org' }, undefined],
    ] as const) {
      it(`stays here when the certificate ${what}`, async () => {
        const server = await serve();
        const sending = smtp(more, TIMINGS, authority === '' ? (await other()).cert : undefined);
        assert.equal((await failure(sending.send(LETTER, never))).code, 'MAIL_CERTIFICATE');
        assert.deepEqual(server.received, []);
        assert.ok(!server.commands.some((line) => /AUTH|MAIL FROM/.test(line)));
      });
    }
    const other = () => makeCertificate(folder, SERVER);

    it('goes when the certificate is for the name that the configuration tells', async () => {
      const server = await serve();
      await smtp({ server: 'some.example.org', tlsName: SERVER }).send(LETTER, never);
      assert.equal(server.received.length, 1);
    });
  });

  describe('that goes wrong is told in words, and', () => {
    it('a server that asks for no login does not get the mail without it', async () => {
      const server = await serve({ disabledCommands: ['AUTH'] });
      assert.equal((await failure(smtp().send(LETTER, never))).code, 'MAIL_LOGIN');
      assert.deepEqual(server.received, []);
    });

    it('a wrong password is MAIL_LOGIN, without the password or what the server says of it', async () => {
      await serve();
      const sending = smtp();
      writeFileSync(join(folder, 'password'), 'hunter2');
      const error = await failure(sending.send(LETTER, never));
      assert.equal(error.code, 'MAIL_LOGIN');
      const everything = `${error.message}${error.hint}${String(error.cause)}${error.stack}`;
      const encoded = Buffer.from(`\0${USER}\0hunter2`).toString('base64');
      for (const secret of ['hunter2', encoded, USER]) assert.ok(!everything.includes(secret));
    });

    it('a corrected password is used at the next try', async () => {
      const server = await serve();
      const sending = smtp();
      writeFileSync(join(folder, 'password'), 'hunter2');
      await failure(sending.send(LETTER, never));
      writeFileSync(join(folder, 'password'), PASSWORD);
      await sending.send(LETTER, never);
      assert.equal(server.received.length, 1);
    });

    it('a password that others may read is refused before anything is dialled', async () => {
      const sending = smtp();
      chmodSync(join(folder, 'password'), 0o640);
      const error = await failure(sending.send(LETTER, never));
      assert.equal(error.code, 'MAIL_PASSWORD');
      assert.match(error.hint ?? '', new RegExp(`chmod 600 ${join(folder, 'password')}$`));
      assert.deepEqual(socks.asked, []);
    });

    it('a password may come from systemd, whose modes are its own affair', async () => {
      const server = await serve();
      const credential = join(folder, 'credential');
      writeFileSync(credential, PASSWORD, { mode: 0o440 });
      await smtp({ passwordFile: undefined, credential }).send(LETTER, never);
      assert.equal(server.received[0]?.user, USER);
    });

    it('a refused recipient is MAIL_REFUSED, with the words of the server but no address', async () => {
      await serve({
        onRcptTo: ({ address }, _session, done) =>
          done(Object.assign(new Error(`<${address}> is unknown here`), { responseCode: 550 })),
      });
      const error = await failure(smtp().send({ ...LETTER, to: FRIEND }, never));
      assert.equal(error.code, 'MAIL_REFUSED');
      assert.match(error.message, /550 <…> is unknown here/);
      assert.ok(!`${error.message}${String(error.cause)}`.includes('friend'));
    });

    /** A server that answers one step so. */
    const serveAnswer = (step: 'from' | 'rcpt' | 'data', code: number, text: string) => {
      const error = Object.assign(new Error(text), { responseCode: code });
      if (step === 'from') return serve({ onMailFrom: (_address, _session, done) => done(error) });
      if (step === 'rcpt') return serve({ onRcptTo: (_address, _session, done) => done(error) });
      return serve({
        onData: (stream, _session, done) => stream.resume().once('end', () => done(error)),
      });
    };

    for (const [step, answer, text, code] of [
      ['from', 451, '4.7.1 try again later', 'MAIL_DEFERRED'],
      ['rcpt', 450, '4.1.2 Domain not found', 'MAIL_DEFERRED'],
      ['data', 452, '4.3.1 no space', 'MAIL_DEFERRED'],
      ['from', 421, '4.3.2 closing', 'MAIL_LATER'],
      ['rcpt', 421, '4.3.2 closing', 'MAIL_LATER'],
      ['from', 553, '5.7.1 not your address', 'MAIL_NOT_TAKEN'],
      ['rcpt', 553, '5.7.1 not your address', 'MAIL_NOT_TAKEN'],
      ['rcpt', 550, '5.1.8 sender unknown', 'MAIL_NOT_TAKEN'],
      ['rcpt', 550, '5.1.1 nobody of that name', 'MAIL_REFUSED'],
      ['data', 552, '5.2.2 over quota', 'MAIL_NOT_TAKEN'],
    ] as const) {
      it(`"${answer} ${text}" (${step}) is ${code}`, async () => {
        await serveAnswer(step, answer, text);
        assert.equal((await failure(smtp().send(LETTER, never))).code, code);
      });
    }

    it('what a server says cannot paint the terminal', async () => {
      await serveRaw((socket) => socket.write(`554 \u001b[31m\u202e${'x'.repeat(5000)}\r\n`));
      const { message } = await failure(smtp().send(LETTER, never));
      assert.ok(!/\p{Cc}|\p{Cf}/u.test(message));
      assert.ok(message.length < 400);
    });
  });

  it('has ten minutes for the answer to its last dot (RFC 5321, 4.5.3.2.6)', () => {
    assert.ok(TIMINGS.silence >= 600_000 && TIMINGS.whole > TIMINGS.silence + TIMINGS.dial);
  });

  describe('to a hostile server ends in time', () => {
    const hostile: readonly (readonly [string, (socket: Socket) => void])[] = [
      ['never says anything', () => undefined],
      ['greets and is silent', (socket) => socket.write('220 hello\r\n')],
      ['sends a line without end', (socket) => flood(socket, Buffer.alloc(65_536, 'x'))],
      [
        'sends an answer without end',
        (socket) => flood(socket, Buffer.from('220-more\r\n'.repeat(5000))),
      ],
      ['trickles', trickle],
      ['hangs up', (socket) => socket.destroy()],
      ['speaks nonsense', (socket) => socket.write('\u0000\u0001\u0002 what?\r\n')],
    ];
    for (const [what, talk] of hostile) {
      it(`when it ${what}`, async () => {
        await serveRaw(talk);
        const { code } = await failure(smtp({}, { ...QUICK, whole: 1500 }).send(LETTER, never));
        assert.match(code, /^MAIL_(SILENT|STRANGE|BROKEN)$/);
      });
    }

    it('when it takes the mail and never says so, which is told apart', async () => {
      const path = join(folder, 'mute');
      const server = await startMailServer(path, {
        ...certificate,
        onData: (stream) => stream.resume(),
      });
      stops.push(() => server.stop());
      socks.target = path;
      // Long enough for all that comes before, also on a busy machine.
      const silent = { ...QUICK, greeting: 30_000, silence: 3000 };
      assert.equal((await failure(smtp({}, silent).send(LETTER, never))).code, 'MAIL_UNSURE');
    });

    it('when it takes the mail and hangs up, which may be sent already', async () => {
      await serve({ onData: (stream) => stream.resume().once('end', () => socks.cut()) });
      assert.equal((await failure(smtp().send(LETTER, never))).code, 'MAIL_UNSURE');
    });

    it('when Tor never answers', async () => {
      await socks.stop();
      const mute = createServer((socket) => socket.resume());
      await once(mute.listen(socks.path), 'listening');
      const sending = smtp({}, { ...QUICK, dial: 200 }).send(LETTER, never);
      assert.equal((await failure(sending)).code, 'MAIL_UNREACHABLE');
      await new Promise((resolve) => mute.close(resolve));
      socks = await startSocksStub(join(folder, 'socks2'));
    });

    it('when it is asked to end', async () => {
      const ending = new AbortController();
      await serveRaw(() => ending.abort());
      await failure(smtp().send(LETTER, ending.signal));
    });
  });
});

function flood(socket: Socket, bytes: Buffer): void {
  const more = () => {
    while (socket.writable && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}

/** Never silent, never done. */
function trickle(socket: Socket): void {
  const timer = setInterval(() => socket.write('2'), 50);
  socket.once('close', () => clearInterval(timer));
}
