import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { runCli } from '../../src/cli/program.js';
import { ControlServer } from '../../src/control/server.js';
import { mailLine, mailTodo } from '../../src/status/mail.js';
import { metricsText } from '../../src/status/metrics.js';
import { takeSnapshot } from '../../src/status/snapshot.js';
import { inWords } from '../../src/status/words.js';
import { SnugError } from '../../src/support/errors.js';
import { recordedLog } from '../support/mail-kit.js';
import { ABOUT, NOW, WELL } from '../support/status-views.js';

describe('mail on the command line', () => {
  let folder: string;
  let socket: string;
  let asked: unknown[];
  let server: ControlServer | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-mail-cli-'));
    socket = join(folder, 'control.sock');
    asked = [];
    server = undefined;
  });
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  const answering = async (method: string, answer: unknown) => {
    const methods = {
      [method]: (params: unknown) => {
        asked.push(params);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    server = new ControlServer({ socket, methods, log: recordedLog().log });
    await server.start();
  };
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

  it('"mail test" says that the server has taken it', async () => {
    await answering('mail.test', null);
    const { code, err } = await run('mail', 'test');
    assert.equal(code, 0);
    assert.match(err, /taken the mail/);
  });

  for (const [what, code, exit] of [
    ['none is configured', 'NO_MAIL', 69],
    ['Tor is not ready', 'MAIL_OFFLINE', 69],
    ['the server is away', 'MAIL_UNREACHABLE', 69],
    ['the password is wrong', 'MAIL_LOGIN', 65],
    ['others may read the password', 'MAIL_PASSWORD', 78],
  ] as const) {
    it(`"mail test" says why not, with ${exit}, when ${what}`, async () => {
      await answering('mail.test', new SnugError(code, 'It failed.', { hint: 'Do this.' }));
      const result = await run('mail', 'test');
      assert.equal(result.code, exit);
      assert.match(result.err, /snug: It failed\.\n {2}Do this\./);
    });
  }

  it('"mail test" says when no relay runs, and "mail" alone how it is used', async () => {
    assert.equal((await run('mail', 'test')).code, 69);
    const alone = await run('mail');
    assert.equal(alone.code, 64);
    assert.match(alone.err, /Usage: snug mail/);
    assert.equal((await run('mail', 'send')).code, 64);
    assert.equal((await run('mail', 'test', '--help')).code, 0);
  });

  it('"invite create --mail" asks for a mailed code, and prints none', async () => {
    await answering('invite.create', { id: 'abcd', expiresAt: NOW, mailed: true });
    const result = await run('invite', 'create', '--mail', 'friend@example.org', '--days', '2');
    assert.equal(result.code, 0);
    assert.deepEqual(asked, [{ mail: 'friend@example.org', days: 2 }]);
    assert.equal(result.out, '');
    assert.match(result.err, /on its way/);
    assert.match(result.err, /Invite abcd: works once/);
  });
});

describe('mail in the status', () => {
  it('is "no mail" when none is configured, and that is well', () => {
    const snapshot = takeSnapshot(WELL, ABOUT);
    assert.ok(inWords(snapshot, NOW).includes('Mail      no mail'));
    assert.equal(snapshot.health, 'well');
  });

  it('says what was sent and what waits', () => {
    const sent = { queued: 0, lastSent: NOW - 3 * 3_600_000, trouble: undefined };
    assert.equal(mailLine(sent, NOW), 'Mail      last sent 3 h 0 min ago');
    const fresh = { queued: 2, lastSent: undefined, trouble: undefined };
    assert.equal(mailLine(fresh, NOW), 'Mail      none sent yet; 2 waiting');
    const snapshot = takeSnapshot({ ...WELL, mail: fresh }, ABOUT);
    assert.equal(snapshot.health, 'well');
    assert.match(metricsText(snapshot), /^snug_mail_waiting 2$/m);
    assert.match(metricsText(snapshot), /^snug_mail_failing 0$/m);
  });

  it('says what is wrong and what to do', () => {
    const trouble = { at: NOW - 120_000, text: 'It failed.', hint: 'Do this.' };
    const mail = { queued: 1, lastSent: undefined, trouble };
    assert.equal(mailLine(mail, NOW), 'Mail      none sent yet; 1 waiting; failed 2 min ago');
    assert.deepEqual(mailTodo(mail), ['Mail: It failed. Do this.']);
    const snapshot = takeSnapshot({ ...WELL, mail }, ABOUT);
    assert.equal(snapshot.health, 'degraded');
    assert.ok(inWords(snapshot, NOW).includes('To do     Mail: It failed. Do this.'));
  });
});
