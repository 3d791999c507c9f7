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

function load(section: string) {
  const file = join(folder, 'snug.toml');
  writeFileSync(file, section);
  return loadConfig({ file, env: ENV });
}

/** @returns `line: key; allowed` of each problem */
function problems(section: string): string[] {
  try {
    load(section);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ key, line, allowed }) => `${line}: ${key}; ${allowed}`);
  }
  return assert.fail(`accepted: ${section}`);
}

describe('[clearnet]', () => {
  it('is off without a domain, whatever else it says', () => {
    assert.equal(load('').clearnet, undefined);
    assert.equal(load('[clearnet]\ndomain = ""\nssb = "domain"\n').clearnet, undefined);
  });

  it('needs nothing but the domain', () => {
    assert.deepEqual(load('[clearnet]\ndomain = "pub.example.org"\n').clearnet, {
      domain: 'pub.example.org',
      ssb: 'onion',
      tls: { kind: 'acme', email: undefined },
      run: '/run/snug-clearnet',
    });
  });

  it('cannot be changed afterwards', () => {
    const { clearnet } = load('[clearnet]\ndomain = "pub.example.org"\n');
    assert.ok(Object.isFrozen(clearnet) && Object.isFrozen(clearnet?.tls));
  });

  for (const value of ['https://pub.example.org', 'pub.example.org:443', 'pub', '192.0.2.1', 5]) {
    it(`${JSON.stringify(value)} is no domain`, () => {
      const [problem] = problems(`[clearnet]\ndomain = ${JSON.stringify(value)}\n`);
      assert.match(problem ?? '', /^2: clearnet\.domain; a domain name such as pub\.example\.org/);
    });
  }

  it('an onion address is no domain', () => {
    const onion = `${'a'.repeat(56)}.onion`;
    assert.match(problems(`[clearnet]\ndomain = "${onion}"\n`)[0] ?? '', /clearnet\.domain/);
  });

  const on = (lines: string) => `[clearnet]\ndomain = "pub.example.org"\n${lines}\n`;
  for (const [what, section, expected] of [
    ['a word for ssb', on('ssb = "both"'), /^3: clearnet\.ssb; "onion" or "domain"$/],
    ['a word for tls', on('tls = "none"'), /^3: clearnet\.tls; "acme" or "files" or "internal"$/],
    ['no mail address', on('email = "ada"'), /^3: clearnet\.email; a mail address/],
    ['a mail address with more', on('email = "ada@example.org {"'), /clearnet\.email/],
    [
      'files without a key',
      on('tls = "files"\ncertificate = "c.pem"'),
      /clearnet\.key; a path, because/,
    ],
    [
      'a key without files',
      on('key = "k.pem"'),
      /^3: clearnet\.key; nothing, unless tls is "files"$/,
    ],
    ['the run folder', on('run = "/run/snug"'), /^3: clearnet\.run; a folder apart/],
    ['a folder in the state', on('run = "/var/lib/snug/x"'), /^3: clearnet\.run; a folder apart/],
    ["everybody's folder", on('run = "/run"'), /^3: clearnet\.run; a folder for Snug alone/],
    [
      'a long folder',
      on(`run = "/run/${'x'.repeat(100)}"`),
      /^3: clearnet\.run; a path of at most 97/,
    ],
    ['an unknown key', on('port = 444'), /clearnet\.port; only known keys/],
    [
      "the site's port for SSB",
      `[invites]\nport = 443\n${on('ssb = "domain"')}`,
      /^2: invites\.port; another port than 443/,
    ],
  ] as const) {
    it(`${what} is refused, with the line`, () => {
      assert.match(problems(section).join('\n'), expected);
    });
  }
});
