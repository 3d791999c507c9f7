import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ALL_PATHS, generatedFiles, HEADING } from '../../src/clearnet/files.js';
import { type ClearnetPlan, planOf } from '../../src/clearnet/plan.js';
import { validateCaddyfile } from '../../src/clearnet/validate.js';
import { writeFiles } from '../../src/clearnet/write.js';
import { runCli } from '../../src/cli/program.js';
import { codeOf } from '../../src/support/errors.js';
import { makeCertificate } from '../support/mail-server.js';
import { temporaryFolder } from '../support/relay.js';

const run = promisify(execFile);
const SSB_UNITS = ['snug-clearnet-ssb.socket', 'snug-clearnet-ssb.service'];

function plan(changes: Partial<ClearnetPlan> = {}, ssb: 'onion' | 'domain' = 'domain') {
  const made = planOf({
    clearnet: {
      domain: 'pub.example.org',
      ssb,
      tls: { kind: 'acme', email: 'ada@example.org' },
      run: '/run/snug-clearnet',
    },
    paths: { state: '/var/lib/snug', run: '/run/snug' },
    invites: { port: 8008 },
    limits: { connections: 256 },
  });
  assert.ok(made);
  return { ...made, ...changes };
}

const textOf = (files: ReturnType<typeof generatedFiles>, name: string) =>
  files.find(({ path }) => path.endsWith(name))?.text ?? assert.fail(`no ${name}`);

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .sort();
}

describe("the proxy's files", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const snug = async (config: string, ...args: string[]) => {
    const file = join(folder, 'snug.toml');
    writeFileSync(file, `[paths]\nstate = "${folder}/state"\nrun = "${folder}/run"\n${config}`);
    const out: string[] = [];
    const err: string[] = [];
    const terminal = {
      out: (line: string) => out.push(line),
      err: (line: string) => err.push(line),
    };
    const signal = new AbortController().signal;
    const code = await runCli(['--config', file, ...args], { env: {}, terminal, signal });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  /** As the files that systemd hands over are named. */
  const ownCertificate = async () => {
    const made = await makeCertificate(folder, 'pub.example.org');
    const [certificate, key] = [join(folder, 'certificate'), join(folder, 'key')];
    writeFileSync(certificate, made.cert);
    writeFileSync(key, made.key);
    return { certificate, key };
  };
  const ON = '[clearnet]\ndomain = "pub.example.org"\n';

  it('each has a heading that says where it comes from, and those that people enable a warning', () => {
    for (const { path, text } of generatedFiles(plan())) {
      assert.ok(text.startsWith(HEADING), path);
      assert.doesNotMatch(text, /\{\{|\}\}|undefined/, path);
    }
    for (const name of ['Caddyfile', 'snug-clearnet.service', 'snug-clearnet-ssb.socket']) {
      assert.match(textOf(generatedFiles(plan()), name), /# WARNING: .* shows everybody where/);
    }
  });

  it('the proxy has a user of its own, who may not see the relay, and one capability', () => {
    const unit = textOf(generatedFiles(plan()), 'snug-clearnet.service');
    for (const line of [
      'User=snug-clearnet',
      'InaccessiblePaths=-/var/lib/snug',
      'InaccessiblePaths=-/run/snug',
      'CapabilityBoundingSet=CAP_NET_BIND_SERVICE',
      'SocketBindAllow=tcp:443',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
    ]) {
      assert.ok(unit.split('\n').includes(line), line);
    }
  });

  it('SSB has a socket and a proxy without a network, only when it is offered', () => {
    const files = generatedFiles(plan());
    assert.match(textOf(files, SSB_UNITS[0] ?? ''), /^ListenStream=8008$/m);
    const service = textOf(files, SSB_UNITS[1] ?? '');
    assert.match(service, /^ExecStart=\S+socket-proxyd .* \/run\/snug-clearnet\/ssb\.sock$/m);
    assert.match(service, /^PrivateNetwork=yes$/m);
    const without = generatedFiles(plan({}, 'onion')).map(({ path }) => path);
    assert.equal(without.length, ALL_PATHS.length - 2);
    assert.ok(without.every((path) => !path.includes('ssb')));
  });

  it("somebody's own certificate is handed over by systemd, so that only root need read it", () => {
    const tls = {
      kind: 'files',
      certificate: '/etc/keys/pub.pem',
      key: '/etc/keys/pub.key',
    } as const;
    const files = generatedFiles(plan({ tls }));
    const unit = textOf(files, 'snug-clearnet.service');
    assert.match(unit, /^LoadCredential=certificate:\/etc\/keys\/pub\.pem$/m);
    assert.match(unit, /^LoadCredential=key:\/etc\/keys\/pub\.key$/m);
    const caddyfile = textOf(files, 'Caddyfile');
    assert.match(caddyfile, /tls \{\$CREDENTIALS_DIRECTORY\}\/certificate /);
    assert.doesNotMatch(caddyfile, /email/);
    assert.match(textOf(generatedFiles(plan()), 'Caddyfile'), /^\temail ada@example\.org$/m);
  });

  it('the units are sound in the eyes of systemd, the Caddyfile in those of caddy', async () => {
    const { certificate, key } = await ownCertificate();
    for (const tls of [
      { kind: 'acme', email: undefined },
      { kind: 'internal' },
      { kind: 'files', certificate, key },
    ] as const) {
      const storage = join(folder, 'storage');
      await writeFiles(folder, generatedFiles(plan({ tls, storage })));
      const file = join(folder, 'etc/snug-clearnet/Caddyfile');
      const data = { XDG_DATA_HOME: storage, XDG_CONFIG_HOME: storage };
      const env = { ...process.env, ...data, CREDENTIALS_DIRECTORY: folder };
      await run('caddy', ['validate', '--config', file, '--adapter', 'caddyfile'], { env });
      const { stdout } = await run('caddy', ['fmt', file], { env });
      assert.equal(stdout.trimEnd(), readFileSync(file, 'utf8').trimEnd());
    }
    const units = [...SSB_UNITS, 'snug-clearnet.service'];
    const paths = units.map((name) => join(folder, 'etc/systemd/system', name));
    const { stderr } = await run('systemd-analyze', ['verify', ...paths]);
    assert.doesNotMatch(stderr, /snug/);
  });

  it('the user and the folder are what systemd understands', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can make users');
    await writeFiles(folder, generatedFiles(plan()));
    await mkdir(join(folder, 'run'));
    const passwd = ['root:x:0:0:::', 'snug:x:990:990:::', ''].join('\n');
    writeFileSync(join(folder, 'etc/passwd'), passwd);
    writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nsnug:x:990:\n');
    await run('systemd-sysusers', [`--root=${folder}`]);
    await run('systemd-tmpfiles', ['--create', `--root=${folder}`]);
    const { mode, uid, gid } = statSync(join(folder, 'run/snug-clearnet'));
    assert.equal(mode & 0o7777, 0o2750);
    assert.equal(uid, 990);
    const groups = readFileSync(join(folder, 'etc/group'), 'utf8');
    assert.match(groups, new RegExp(`^snug-clearnet:x:${gid}:`, 'm'));
  });

  for (const [what, changes] of [
    ['a folder with a blank', { hidden: ['/var/lib/my snug'] }],
    ['a line end', { domain: 'pub.example.org\nadmin :2019' }],
    ['a brace', { bind: '{$HOME}' }],
    [
      'a certificate with a percent sign',
      {
        tls: { kind: 'files', certificate: '/etc/%h/c', key: '/etc/k' },
      },
    ],
  ] as const) {
    it(`${what} is refused: it could mean more than itself`, () => {
      assert.throws(
        () => generatedFiles(plan(changes)),
        (error) => codeOf(error) === 'CLEARNET_BAD_VALUE',
      );
    });
  }

  it('render writes them readable for their users, and a second time nothing', async () => {
    const previous = process.umask(0o077);
    try {
      const root = join(folder, 'out');
      const { code, out } = await snug(`${ON}ssb = "domain"\n`, 'clearnet', 'render', root);
      assert.equal(code, 0);
      assert.deepEqual(filesBelow(root), [...ALL_PATHS].sort());
      assert.equal(out.split('\n').length, ALL_PATHS.length);
      for (const path of ALL_PATHS) assert.equal(statSync(join(root, path)).mode & 0o777, 0o644);
      assert.equal(statSync(join(root, 'etc/snug-clearnet')).mode & 0o777, 0o755);
      const again = await snug(`${ON}ssb = "domain"\n`, 'clearnet', 'render', root);
      assert.deepEqual([again.code, again.out], [0, '']);
    } finally {
      process.umask(previous);
    }
  });

  it('render has caddy look at them, and leaves nothing of that', async () => {
    const temporary = process.env.TMPDIR;
    process.env.TMPDIR = folder;
    try {
      for (const more of ['', 'tls = "internal"\n']) {
        const { code, err } = await snug(ON + more, 'clearnet', 'render', join(folder, 'out'));
        assert.equal(code, 0, err);
        assert.match(err, /caddy takes its configuration\./);
      }
      const { certificate, key } = await ownCertificate();
      const files = `tls = "files"\ncertificate = "${certificate}"\nkey = "${key}"\n`;
      const good = await snug(ON + files, 'clearnet', 'render', join(folder, 'out'));
      assert.deepEqual([good.code, /caddy takes/.test(good.err)], [0, true], good.err);
      writeFileSync(key, 'no key');
      const bad = await snug(ON + files, 'clearnet', 'render', join(folder, 'out'));
      assert.equal(bad.code, 65);
      assert.match(bad.err, /caddy refuses its files: .*key/);
      rmSync(key);
      const without = await snug(ON + files, 'clearnet', 'render', join(folder, 'out'));
      assert.equal(without.code, 0);
      assert.match(without.err, /not checked.*certificate/);
      assert.ok(readdirSync(folder).every((name) => !name.startsWith('snug-caddy-')));
    } finally {
      if (temporary === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporary;
    }
  });

  it('are not looked at where there is no caddy, which is no error', async () => {
    const { signal } = new AbortController();
    assert.equal(await validateCaddyfile(plan(), signal, join(folder, 'caddy')), 'no-caddy');
  });

  it('render takes away what is not wanted any more, and no file of somebody else', async () => {
    const root = join(folder, 'out');
    await snug(`${ON}ssb = "domain"\n`, 'clearnet', 'render', root);
    await snug(ON, 'clearnet', 'render', root);
    assert.ok(filesBelow(root).every((path) => !path.includes('ssb')));
    const foreign = join(root, 'etc/systemd/system/snug-clearnet-ssb.socket');
    writeFileSync(foreign, '[Socket]\nListenStream=1\n');
    const off = await snug('', 'clearnet', 'render', root);
    assert.equal(off.code, 0);
    assert.match(off.err, /is off.* Nothing is generated/);
    assert.deepEqual(filesBelow(root), ['etc/systemd/system/snug-clearnet-ssb.socket']);
  });

  it('with the profile off, render writes nothing at all, and show says that it is off', async () => {
    const root = join(folder, 'out');
    const { code, out } = await snug('', 'clearnet', 'render', root);
    assert.deepEqual([code, out, existsSync(root)], [0, '', false]);
    const shown = await snug('', 'clearnet', 'show');
    assert.deepEqual([shown.code, shown.out], [78, '']);
    assert.match(shown.err, /is off[\s\S]*Set domain in \[clearnet\]/);
  });

  it('show prints every file, and the warning', async () => {
    const { code, out, err } = await snug(ON, 'clearnet', 'show');
    assert.equal(code, 0);
    assert.match(err, /https:\/\/pub\.example\.org\/invite\/ shows everybody where this board is/);
    assert.match(out, /^##### \/etc\/snug-clearnet\/Caddyfile$/m);
    assert.match(out, /^##### \/etc\/systemd\/system\/snug-clearnet\.service$/m);
  });

  it('folders that nobody has set are those of the relay’s unit, whoever renders', async () => {
    const file = join(folder, 'bare.toml');
    writeFileSync(file, ON);
    const out: string[] = [];
    const terminal = { out: (line: string) => out.push(line), err: () => undefined };
    const env = { HOME: '/root', XDG_RUNTIME_DIR: '/run/user/0' };
    const { signal } = new AbortController();
    await runCli(['--config', file, 'clearnet', 'show'], { env, terminal, signal });
    assert.match(out.join('\n'), /^d \/run\/snug-clearnet 2750 snug snug-clearnet -$/m);
    assert.match(out.join('\n'), /^InaccessiblePaths=-\/var\/lib\/snug$/m);
  });

  it('a place that cannot be written is an error that says what to do', async () => {
    const root = join(folder, 'file');
    writeFileSync(root, '');
    chmodSync(root, 0o600);
    const { code, err } = await snug(ON, 'clearnet', 'render', root);
    assert.equal(code, 65);
    assert.match(err, /Cannot write there[\s\S]*Name a folder/);
  });
});
