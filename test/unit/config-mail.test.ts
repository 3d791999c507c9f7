import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load-config.js';
import { ConfigError } from '../../src/config/problems.js';

const folder = mkdtempSync(join(tmpdir(), 'snug-config-'));
after(() => rmSync(folder, { recursive: true }));
const ENV = { STATE_DIRECTORY: '/var/lib/snug', RUNTIME_DIRECTORY: '/run/snug' };
const ONION = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion';

function load(mail: string, env: NodeJS.ProcessEnv = ENV) {
  const file = join(folder, 'snug.toml');
  writeFileSync(file, mail);
  return loadConfig({ file, env });
}

function refusal(mail: string): ConfigError {
  try {
    load(mail);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail(`accepted: ${mail}`);
}

const problems = (mail: string) =>
  refusal(mail).problems.map(({ line, key, allowed }) => [line, key, allowed]);

describe('[mail] in the configuration', () => {
  it('is no mail when it names no server', () => {
    assert.equal(load('').mail, undefined);
    assert.equal(load('[mail]\nserver = ""\nto = ""\nport = 465\n').mail, undefined);
  });

  it('needs a server and an address, and encrypts without being told', () => {
    const { mail } = load('[mail]\nserver = "Mail.Example.org"\nto = "me@example.org"\n');
    assert.deepEqual(mail, {
      server: 'mail.example.org',
      port: 587,
      tls: 'starttls',
      tlsName: undefined,
      user: undefined,
      passwordFile: undefined,
      credential: undefined,
      from: 'me@example.org',
      to: 'me@example.org',
      alerts: true,
      digest: false,
    });
    assert.ok(Object.isFrozen(mail));
  });

  it('says everything', () => {
    const env = { ...ENV, CREDENTIALS_DIRECTORY: '/run/credentials/snug' };
    const { mail } = load(
      `[mail]\nserver = "${ONION}"\nport = 465\ntls_name = "mail.example.org"\nuser = "me"\npassword_file = "secret"\nfrom = "relay@example.org"\nto = "me@example.org"\nalerts = false\ndigest = "monthly"\n`,
      env,
    );
    assert.deepEqual(mail, {
      server: ONION,
      port: 465,
      tls: 'implicit',
      tlsName: 'mail.example.org',
      user: 'me',
      passwordFile: join(folder, 'secret'),
      credential: '/run/credentials/snug/mail-password',
      from: 'relay@example.org',
      to: 'me@example.org',
      alerts: false,
      digest: true,
    });
  });

  it('goes without encryption to an onion host alone', () => {
    const lines = (host: string) =>
      `[mail]\nserver = "${host}"\nto = "a@example.org"\ntls = "none"\n`;
    assert.equal(load(lines(ONION)).mail?.tls, 'none');
    assert.deepEqual(problems(lines('mail.example.org')), [
      [4, 'mail.tls', '"none" for an onion server only, which nobody on the way can read'],
    ]);
  });

  it('that does not hang together is refused, each key with what is missing', () => {
    assert.deepEqual(problems('[mail]\nto = "a@example.org"\n'), [
      [undefined, 'mail.server', 'the host of your mail server, because mail.to is set'],
    ]);
    assert.deepEqual(problems('[mail]\nserver = "mail.example.org"\npassword_file = "x"\n'), [
      [undefined, 'mail.to', 'the address that mail goes to'],
      [undefined, 'mail.user', 'the name of the account whose password it is'],
    ]);
  });

  it('has no address that could be two, or smuggle in a line', () => {
    for (const to of [
      'a',
      'a@b',
      'A <a@b.org>',
      'a@b.org, c@d.org',
      'a@b.org\\nBcc: c@d.org',
      '"a"@b.org',
      'a@ü.org',
    ]) {
      const found = problems(
        `[mail]\nserver = "mail.example.org"\nto = ${JSON.stringify(to).replace('\\\\n', '\\n')}\n`,
      );
      assert.deepEqual(found, [
        [3, 'mail.to', 'a mail address such as me@example.org, with nothing around it'],
      ]);
    }
  });

  for (const [what, lines] of [
    ['a key that does not exist', 'password = "hunter2"'],
    ['a misspelt key', 'pasword = "hunter2"'],
    ['a path that is none', 'password_file = "~hunter2"'],
    ['a list', 'password_file = ["hunter2"]'],
    ['a number', 'password = 4711471147'],
    ['a broken text', 'password_file = "hunter2'],
    ['a text without quotes', 'password_file = hunter2'],
    ['a key that stands twice', 'password = "hunter2"\npassword = "hunter2"'],
    ['another section', '[smtp]\npassword = "hunter2"'],
    ['no section', ']x\nmail_password = "hunter2"'],
  ] as const) {
    it(`never shows a password: ${what}`, () => {
      const error = refusal(
        `[mail]\nserver = "mail.example.org"\nto = "a@example.org"\n${lines}\n`,
      );
      const shown = JSON.stringify([error.message, error.hint, error.problems]);
      assert.ok(!/hunter2|4711471147/.test(shown), shown);
    });
  }

  it('never shows a password that stands above all sections', () => {
    const { message } = refusal('mail_password = "hunter2"\n');
    assert.match(message, /line 1: mail_password is unknown;/);
  });
});
