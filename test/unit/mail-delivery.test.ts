import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { StampedLetter } from '../../src/mail/letter.js';
import { TIMINGS } from '../../src/mail/limits.js';
import { type Condition, type ConditionId, Mail } from '../../src/mail/mail.js';
import { Queue } from '../../src/mail/queue.js';
import type { MailSettings } from '../../src/mail/settings.js';
import { Smtp } from '../../src/mail/smtp.js';
import { SnugError } from '../../src/support/errors.js';
import { FakeClock } from '../support/fake-clock.js';
import { FRIEND, mailSettings, recordedLog, SERVER } from '../support/mail-kit.js';
import { type Certificate, makeCertificate, startMailServer } from '../support/mail-server.js';
import { startSocksStub } from '../support/socks-stub.js';
import { eventually } from '../support/wait.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const URL = 'http://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion/invite/';

describe('mail', () => {
  let folder: string;
  let clock: FakeClock;
  let wrong: Map<ConditionId, Condition>;
  let sent: StampedLetter[];
  /** What the server answers, for each letter. */
  let answer: (letter: StampedLetter) => Promise<void> | void;
  let busy: number;
  /** How far the clock has jumped. */
  let shift: number;
  let open: Mail[];
  let lines: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-mail-'));
    clock = new FakeClock();
    wrong = new Map();
    sent = [];
    answer = () => undefined;
    busy = 0;
    shift = 0;
    open = [];
    lines = [];
  });
  afterEach(async () => {
    for (const mail of open) await mail.close();
    rmSync(folder, { recursive: true });
  });

  const start = (more: Partial<MailSettings> = {}, send = fakeSend): Mail => {
    const log = recordedLog();
    lines = log.lines;
    const mail = Mail.open({
      settings: mailSettings(folder, more),
      folder: join(folder, 'mail'),
      send: async (letter, signal) => {
        busy += 1;
        await send(letter, signal).finally(() => {
          busy -= 1;
        });
      },
      url: URL,
      conditions: () => [...wrong.values()],
      numbers: () => ['3 members'],
      clock: { now: () => clock.now() + shift, after: (ms, run) => clock.after(ms, run) },
      log: log.log,
    });
    open.push(mail);
    return mail;
  };
  const fakeSend = async (letter: StampedLetter, _signal: AbortSignal) => {
    await answer(letter);
    sent.push(letter);
  };
  const text = () => sent.at(0)?.text ?? '';
  const picture = () => sent.at(0)?.qr;
  const subjects = () => sent.map(({ subject }) => subject);
  const queued = () => readdirSync(join(folder, 'mail', 'queue'));
  const fail = (code: string) => {
    throw new SnugError(code, `it says ${code}.`, { hint: 'Do something.' });
  };
  const raise = (id: ConditionId, text = `${id} is wrong.`) =>
    wrong.set(id, { id, since: clock.now(), text });
  /** A started one whose first mail is sent. */
  const startQuietly = async (more: Partial<MailSettings> = {}) => {
    const mail = start(more);
    mail.setOnline(true);
    await clock.pass(0);
    sent = [];
    return mail;
  };

  describe('the first one', () => {
    it('has the address in words and as a picture, and is sent once', async () => {
      const first = start();
      await clock.pass(HOUR);
      assert.deepEqual(sent, []);
      first.setOnline(true);
      await clock.pass(DAY);
      assert.deepEqual(subjects(), ['Snug: the address of your relay']);
      assert.match(text(), new RegExp(URL));
      assert.equal(picture(), URL);
      await first.close();
      start().setOnline(true);
      await clock.pass(DAY);
      assert.equal(sent.length, 1);
    });

    it('waits on the disk while the relay restarts', async () => {
      await start().close();
      await start().close();
      assert.equal(queued().length, 1);
      start().setOnline(true);
      await clock.pass(0);
      assert.equal(sent.length, 1);
    });
  });

  describe('that the server does not take', () => {
    it('is kept for an hour, tried ever more seldom, and sent once when the server is back', async () => {
      answer = () => fail('MAIL_UNREACHABLE');
      const mail = start();
      let tries = 0;
      answer = () => {
        tries += 1;
        fail('MAIL_UNREACHABLE');
      };
      mail.setOnline(true);
      for (let minute = 0; minute < 60; minute += 1) await clock.pass(MINUTE);
      assert.ok(tries >= 4 && tries <= 10, `${tries} tries`);
      const { queued: waiting, trouble } = mail.status();
      assert.equal(waiting, 1);
      assert.equal(trouble?.text, 'it says MAIL_UNREACHABLE.');
      answer = () => undefined;
      await clock.pass(HOUR);
      assert.equal(sent.length, 1);
      await clock.pass(3 * DAY);
      assert.equal(sent.length, 1);
      assert.deepEqual(mail.status(), {
        queued: 0,
        lastSent: mail.status().lastSent,
        trouble: undefined,
      });
      assert.equal(lines.filter((line) => line.includes('UNREACHABLE')).length, 1);
    });

    it('is sent at once when Tor is back', async () => {
      const mail = start();
      answer = () => fail('MAIL_UNREACHABLE');
      mail.setOnline(true);
      await clock.pass(10 * MINUTE);
      mail.setOnline(false);
      answer = () => undefined;
      await clock.pass(5 * HOUR);
      assert.deepEqual(sent, []);
      mail.setOnline(true);
      await clock.pass(0);
      assert.equal(sent.length, 1);
    });

    it('is given up after five refusals, and does not hold up others', async () => {
      const mail = start();
      let refused = 0;
      answer = ({ qr }) => {
        if (qr === undefined) return;
        refused += 1;
        fail('MAIL_REFUSED');
      };
      mail.setOnline(true);
      await clock.pass(0);
      raise('disk');
      await clock.pass(10 * MINUTE);
      assert.deepEqual(subjects(), ['Snug: the disk fills up']);
      await clock.pass(3 * DAY);
      assert.equal(refused, 5);
      assert.equal(mail.status().queued, 0);
    });

    it('at the moment, as after a mistyped address, waits by itself: alerts go past it', async () => {
      const mail = await startQuietly();
      let tries = 0;
      answer = ({ to }) => {
        if (to === undefined) return;
        tries += 1;
        fail('MAIL_DEFERRED');
      };
      const expiresAt = clock.now() + 7 * DAY;
      await mail.invite(FRIEND, {
        create: async () => ({ id: 'abcd1234', code: 'code', expiresAt }),
        revoke: async () => assert.fail('revoked'),
      });
      await clock.pass(0);
      raise('disk');
      await clock.pass(10 * MINUTE);
      assert.deepEqual([tries, subjects()], [1, ['Snug: the disk fills up']]);
      await clock.pass(50 * MINUTE);
      assert.equal(tries, 3);
      await clock.pass(DAY);
      assert.equal(tries, 27);
      answer = () => undefined;
      await clock.pass(HOUR);
      assert.deepEqual(subjects(), ['Snug: the disk fills up', 'An invite to Scuttlebutt']);
    });

    it('and does not say whether it took it, is not sent again and again', async () => {
      const mail = start();
      let tries = 0;
      answer = ({ qr }) => {
        if (qr === undefined) return;
        tries += 1;
        fail('MAIL_UNSURE');
      };
      mail.setOnline(true);
      await clock.pass(0);
      raise('disk');
      await clock.pass(10 * MINUTE);
      assert.deepEqual([tries, subjects()], [1, ['Snug: the disk fills up']]);
      await clock.pass(3 * DAY);
      assert.deepEqual([tries, mail.status().queued], [3, 0]);
      assert.ok(lines.some((line) => /counts as sent/.test(line)));
    });

    it('is given up after 30 days', async () => {
      answer = () => fail('MAIL_LOGIN');
      const mail = start({ alerts: false });
      mail.setOnline(true);
      await clock.pass(29 * DAY);
      assert.equal(mail.status().queued, 1);
      await clock.pass(2 * DAY);
      assert.equal(mail.status().queued, 0);
      assert.equal(queued().length, 0);
    });

    it('written while the clock was in another century is sent all the same', async () => {
      const mail = start();
      shift = 50 * 365 * DAY;
      mail.setOnline(true);
      await clock.pass(0);
      assert.equal(sent.length, 1);
    });
  });

  it('whose process dies between the answer and the note is sent again, with the same Message-ID', async () => {
    const stamps: string[] = [];
    const lost = start({}, async ({ stamp }) => {
      stamps.push(stamp);
      await new Promise<void>((_, reject) => lostSignals.push(reject));
    });
    const lostSignals: ((reason: Error) => void)[] = [];
    lost.setOnline(true);
    await clock.pass(0);
    assert.equal(stamps.length, 1);
    // What a process finds that starts where that one was killed.
    start().setOnline(true);
    await clock.pass(0);
    assert.deepEqual([sent.at(0)?.stamp, sent.length], [stamps[0], 1]);
    for (const reject of lostSignals) reject(new Error('the test is over'));
  });

  it('under way at the end may finish, so that it is not sent twice', async () => {
    let done: () => void = () => undefined;
    answer = () =>
      new Promise<void>((resolve) => {
        done = resolve;
      });
    const mail = start();
    mail.setOnline(true);
    await clock.pass(0);
    const closed = mail.close();
    done();
    await closed;
    assert.deepEqual([sent.length, queued().length], [1, 0]);
  });

  it('under way at the end is given up after some seconds, and stays on the disk', async () => {
    const mail = start(
      {},
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    mail.setOnline(true);
    await clock.pass(0);
    const closed = mail.close();
    await clock.pass(6000);
    await closed;
    assert.equal(queued().length, 1);
    assert.equal(clock.waiting, 0);
  });

  it('of its own accord comes 20 times a day at most; what waits goes later, tests go at once', async () => {
    const waiting = new Queue(join(folder, 'mail', 'queue'), recordedLog().log);
    for (let i = 0; i < 30; i += 1) {
      waiting.add({ id: `many-${i}`, subject: 'many', text: '' }, clock.now());
    }
    const mail = start();
    mail.setOnline(true);
    await clock.pass(23 * HOUR);
    assert.equal(sent.length, 20);
    await mail.test();
    assert.equal(sent.length, 21);
    await clock.pass(2 * HOUR);
    assert.equal(sent.length, 32);
  });

  describe('about something that is wrong', () => {
    it('comes once, not every minute, and once more when it is over', async () => {
      await startQuietly();
      raise('self-visit');
      await clock.pass(3 * DAY);
      assert.deepEqual(subjects(), ['Snug: the relay cannot visit itself']);
      assert.match(text(), /^self-visit is wrong\.\n\nIt has been so since 1970-01-01 00:16 UTC/);
      wrong.clear();
      await clock.pass(3 * DAY);
      assert.deepEqual(subjects(), [
        'Snug: the relay cannot visit itself',
        'Snug: over: the relay cannot visit itself',
      ]);
    });

    it('that comes and goes is told twice a day at most', async () => {
      await startQuietly();
      for (let hour = 0; hour < 23; hour += 1) {
        raise('clock');
        await clock.pass(30 * MINUTE);
        wrong.clear();
        await clock.pass(30 * MINUTE);
      }
      assert.deepEqual(subjects(), ['Snug: the clock is wrong', 'Snug: over: the clock is wrong']);
      raise('clock');
      await clock.pass(DAY);
      assert.equal(sent.length, 3);
    });

    it('for a moment only is not told', async () => {
      await startQuietly();
      raise('disk');
      await clock.pass(3 * MINUTE);
      wrong.clear();
      await clock.pass(DAY);
      assert.deepEqual(sent, []);
    });

    it('is told of after a restart once only', async () => {
      const mail = await startQuietly();
      raise('update');
      await clock.pass(HOUR);
      await mail.close();
      start().setOnline(true);
      await clock.pass(DAY);
      assert.equal(sent.length, 1);
      wrong.clear();
      await clock.pass(HOUR);
      assert.equal(sent.length, 2);
    });

    it('such as Tor, whose news can leave only when it is back, is one mail that says so', async () => {
      const mail = await startQuietly();
      mail.setOnline(false);
      raise('tor-down');
      await clock.pass(2 * HOUR);
      assert.deepEqual(sent, []);
      assert.equal(queued().length, 1);
      wrong.clear();
      mail.setOnline(true);
      await clock.pass(DAY);
      assert.deepEqual(subjects(), ['Snug: over: visitors cannot reach the relay']);
      assert.match(text(), /from 1970-01-01 00:16 UTC to about 1970-01-01 02:16 UTC/);
    });

    it('that is over while its alert is under way is told too', async () => {
      let done: () => void = () => undefined;
      await startQuietly();
      answer = () =>
        new Promise<void>((resolve) => {
          done = resolve;
        });
      raise('disk');
      await clock.pass(10 * MINUTE);
      wrong.clear();
      await clock.pass(HOUR);
      answer = () => undefined;
      done();
      await clock.pass(0);
      assert.deepEqual(subjects(), ['Snug: the disk fills up', 'Snug: over: the disk fills up']);
    });

    it('is not told to whom it is not wanted', async () => {
      await startQuietly({ alerts: false });
      raise('disk');
      await clock.pass(DAY);
      assert.deepEqual(sent, []);
    });

    it('of every kind has a subject of its own', async () => {
      await startQuietly();
      const ids = ['tor-down', 'self-visit', 'disk', 'clock', 'restart-loop', 'update'] as const;
      for (const id of ids) raise(id);
      await clock.pass(HOUR);
      assert.equal(new Set(subjects()).size, 6);
    });
  });

  describe('with the numbers of a month', () => {
    it('comes once a month when wanted, not in the first, and has nothing but numbers', async () => {
      const mail = await startQuietly({ digest: true });
      await clock.pass(20 * DAY);
      assert.deepEqual(sent, []);
      await clock.pass(20 * DAY);
      assert.deepEqual(subjects(), ['Snug: the numbers of this month']);
      assert.match(text(), /3 members/);
      await mail.close();
      start({ digest: true }).setOnline(true);
      await clock.pass(10 * DAY);
      assert.equal(sent.length, 1);
      await clock.pass(30 * DAY);
      assert.equal(sent.length, 2);
    });

    it('does not come when it is not wanted', async () => {
      await startQuietly();
      await clock.pass(100 * DAY);
      assert.deepEqual(sent, []);
    });
  });

  describe('with an invite', () => {
    const CODE = 'x.onion:8008:@key.ed25519~seed';
    let revoked: string[];
    beforeEach(() => {
      revoked = [];
    });
    const codes = () => ({
      create: () =>
        Promise.resolve({ id: 'abcd1234', code: CODE, expiresAt: clock.now() + 7 * DAY }),
      revoke: async (id: string) => revoked.push(id),
    });

    it('goes to the friend, and neither code nor address stays or is told', async () => {
      const mail = await startQuietly();
      const told = await mail.invite(FRIEND, codes());
      await clock.pass(0);
      assert.deepEqual([sent.at(0)?.to, sent.length], [FRIEND, 1]);
      assert.match(text(), new RegExp(`^${CODE.replace(/[.]/g, '\\.')}$`, 'm'));
      const kept = queued().length + JSON.stringify(mail.status()).length;
      assert.ok(kept > 0);
      const all = [JSON.stringify(told), ...lines, JSON.stringify(mail.status())].join('\n');
      const notes = readFileSync(join(folder, 'mail', 'notes.json'), 'utf8');
      for (const secret of ['friend', CODE, 'seed']) {
        assert.ok(!all.includes(secret) && !notes.includes(secret), secret);
      }
      assert.deepEqual(queued(), []);
    });

    it('waits on the disk when the server is down, and is sent once', async () => {
      const mail = await startQuietly();
      answer = () => fail('MAIL_UNREACHABLE');
      await mail.invite(FRIEND, codes());
      await clock.pass(HOUR);
      await mail.close();
      answer = () => undefined;
      start().setOnline(true);
      await clock.pass(DAY);
      assert.deepEqual(subjects(), ['An invite to Scuttlebutt']);
    });

    it('is dropped at the first refusal, with the address', async () => {
      const mail = await startQuietly();
      answer = () => fail('MAIL_REFUSED');
      await mail.invite(FRIEND, codes());
      await clock.pass(0);
      assert.deepEqual(queued(), []);
      assert.equal(mail.status().trouble?.text, 'it says MAIL_REFUSED.');
    });

    it('is kept when the refusal is not about the friend, and goes when the account is mended', async () => {
      const mail = await startQuietly();
      answer = () => fail('MAIL_NOT_TAKEN');
      await mail.invite(FRIEND, codes());
      await clock.pass(2 * HOUR);
      answer = () => undefined;
      await clock.pass(2 * HOUR);
      assert.deepEqual(subjects(), ['An invite to Scuttlebutt']);
    });

    it('is dropped when the code has expired', async () => {
      const mail = await startQuietly();
      answer = () => fail('MAIL_UNREACHABLE');
      await mail.invite(FRIEND, codes());
      await clock.pass(8 * DAY);
      assert.deepEqual([queued(), sent], [[], []]);
    });

    for (const text of [
      '',
      'friend',
      'a@b',
      'Friend <friend@example.net>',
      'a@b.org, c@d.org',
      'a@b.org\r\nBcc: c@d.org',
      'ü@example.org',
    ]) {
      it(`to ${JSON.stringify(text)} is refused before a code is made`, async () => {
        const mail = await startQuietly();
        const create = () => assert.fail('a code was made');
        await assert.rejects(mail.invite(text, { ...codes(), create }), {
          code: 'BAD_MAIL_ADDRESS',
        });
      });
    }

    it('takes the code back when the queue is full', async () => {
      const mail = await startQuietly();
      mail.setOnline(false);
      let n = 0;
      const many = () => ({
        ...codes(),
        create: async () => {
          n += 1;
          return { id: `id${n}`, code: CODE, expiresAt: clock.now() + DAY };
        },
      });
      for (let i = 0; i < 100; i += 1) await mail.invite(FRIEND, many());
      await assert.rejects(mail.invite(FRIEND, many()), { code: 'MAIL_QUEUE_FULL' });
      assert.deepEqual(revoked, ['id101']);
    });
  });

  describe('for a test', () => {
    it('goes at once, and says why not', async () => {
      const mail = start();
      await assert.rejects(mail.test(), { code: 'MAIL_OFFLINE' });
      answer = () => fail('MAIL_LOGIN');
      mail.setOnline(true);
      await clock.pass(0);
      await assert.rejects(mail.test(), { code: 'MAIL_LOGIN', hint: 'Do something.' });
      assert.equal(mail.status().trouble?.text, 'it says MAIL_LOGIN.');
      answer = () => undefined;
      await mail.test();
      assert.equal(mail.status().trouble, undefined);
      await clock.pass(0);
      // What waited for the server goes along.
      assert.deepEqual(subjects(), ['Snug: mail works', 'Snug: the address of your relay']);
    });
  });

  it('says at once when its password cannot be used, and starts all the same', async () => {
    const file = join(folder, 'loose');
    writeFileSync(file, 'secret');
    chmodSync(file, 0o644);
    const loose = start({ passwordFile: file });
    assert.match(loose.status().trouble?.text ?? '', /others may read .*loose/);
    assert.match(loose.status().trouble?.hint ?? '', /chmod 600/);
    await loose.close();
    const without = start({ passwordFile: undefined });
    assert.match(without.status().trouble?.text ?? '', /mail\.user is set, and there is none/);
  });

  describe('over a real server that is down for an hour', () => {
    let keys: string;
    let certificate: Certificate;
    before(async () => {
      keys = mkdtempSync(join(tmpdir(), 'snug-mail-keys-'));
      certificate = await makeCertificate(keys, SERVER);
    });
    after(() => rmSync(keys, { recursive: true }));

    it('is queued, also over a restart, and sent once', async () => {
      const socks = await startSocksStub(join(folder, 'socks'));
      const server = await startMailServer(join(folder, 'smtp'), certificate);
      try {
        const smtp = new Smtp({
          settings: mailSettings(folder),
          socks: socks.path,
          timings: TIMINGS,
          now: () => clock.now(),
          authority: certificate.cert,
        });
        const send = (letter: StampedLetter, signal: AbortSignal) => smtp.send(letter, signal);
        const pass = async (minutes: number) => {
          for (let i = 0; i < minutes; i += 1) {
            await clock.pass(MINUTE);
            await eventually('the end of the try', () => (busy === 0 ? true : undefined));
          }
        };
        const first = start({}, send);
        first.setOnline(true);
        await pass(30);
        await first.close();
        const second = start({}, send);
        second.setOnline(true);
        await pass(30);
        assert.ok(socks.asked.length > 4);
        assert.equal(server.received.length, 0);
        assert.equal(second.status().queued, 1);
        socks.target = join(folder, 'smtp');
        await pass(120);
        assert.equal(server.received.length, 1);
        assert.equal(second.status().queued, 0);
      } finally {
        await server.stop();
        await socks.stop();
      }
    });
  });
});
