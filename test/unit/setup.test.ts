import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type * as Build from '../../scripts/build.mjs';
import type * as Setup from '../../scripts/setup.mjs';

/** The scripts are not compiled: they stand beside dist, where this file runs. */
const script = (name: string) => new URL(`../../../scripts/${name}`, import.meta.url).href;
const setup = (await import(script('setup.mjs'))) as typeof Setup;
const builder = (await import(script('build.mjs'))) as typeof Build;

/** A machine that has some programs and writes down what it is told to run. */
function machine(programs: readonly string[], root: boolean, exitCode = () => 0) {
  const ran: string[] = [];
  const fake: Setup.Machine = {
    run: async (file, args) => {
      ran.push([file, ...args].join(' '));
      return exitCode();
    },
    hasProgram: (name) => programs.includes(name),
    isRoot: () => root,
    say: () => undefined,
  };
  return { fake, ran };
}

describe('setup of programs', () => {
  it('refuses an old Node in words, and takes Node 20 and newer', () => {
    assert.throws(() => setup.checkNode('18.19.0'), /needs Node 20 or newer; this is Node 18/);
    setup.checkNode('20.0.0');
    setup.checkNode('24.1.0');
  });

  it('runs nothing when everything is there', async () => {
    const { fake, ran } = machine(['tor', 'tor-gencert', 'firefox-esr'], false);
    await setup.ensure(['tor', 'browser'], fake);
    assert.deepEqual(ran, []);
  });

  it('installs only what is missing, as root without sudo', async () => {
    const { fake, ran } = machine(['apt-get', 'tor', 'tor-gencert'], true);
    await setup.ensure(['tor', 'browser'], fake);
    assert.equal(ran.length, 2);
    assert.match(ran[0] ?? '', /^env DEBIAN_FRONTEND=noninteractive apt-get -q update$/);
    assert.match(ran[1] ?? '', /apt-get -q install -y .*--no-install-recommends firefox-esr$/);
  });

  it("keeps the reverse proxy's own service off before it installs it", async () => {
    const { fake, ran } = machine(['apt-get', 'systemctl', 'chromium'], true);
    await setup.ensure(['chromium', 'proxy'], fake);
    assert.equal(ran[0], 'systemctl mask caddy.service');
    assert.match(ran[2] ?? '', /install -y .* caddy$/);
    const without = machine(['apt-get'], true);
    await setup.ensure(['proxy'], without.fake);
    assert.match(without.ran[0] ?? '', /apt-get -q update$/);
  });

  it('uses sudo where that asks for no password', async () => {
    const { fake, ran } = machine(['apt-get', 'sudo'], false);
    await setup.ensure(['tor'], fake);
    assert.equal(ran[0], 'sudo -n true');
    assert.match(ran[2] ?? '', /^sudo -n env .*install -y .* tor$/);
  });

  it('names the package and the command when it may not install', async () => {
    const without = machine(['apt-get'], false);
    await assert.rejects(
      setup.ensure(['tor'], without.fake),
      /Missing: tor\. Run as root: apt-get/,
    );
    assert.deepEqual(without.ran, []);
    const password = machine(['apt-get', 'sudo'], false, () => 1);
    await assert.rejects(setup.ensure(['tor', 'browser'], password.fake), /tor and firefox-esr/);
    assert.deepEqual(password.ran, ['sudo -n true']);
  });

  it('names the package where there is no apt-get, and when apt-get fails', async () => {
    await assert.rejects(setup.ensure(['tor'], machine([], true).fake), /no apt-get here/);
    const failing = machine(['apt-get'], true, () => 100);
    await assert.rejects(setup.ensure(['tor'], failing.fake), /could not install tor/);
  });

  it('finds programs in the system folders whatever the PATH', () => {
    assert.equal(setup.hasProgram('env', ''), true);
    assert.equal(setup.hasProgram('no-such-program', '/usr/bin'), false);
  });
});

describe('setup of packages', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/b-windows': { version: '1.0.0', integrity: 'sha512-b', optional: true },
    },
  };
  const a = { version: '1.0.0', integrity: 'sha512-a' };

  it('accepts a tree that lacks only optional packages', () => {
    assert.equal(setup.treeMatches(lock, { packages: { 'node_modules/a': a } }), true);
  });

  it('refuses a tree with a missing, another, a changed or an additional package', () => {
    const wrong = [
      {},
      { 'node_modules/a': { ...a, version: '1.0.1' } },
      { 'node_modules/a': { ...a, integrity: 'sha512-x' } },
      { 'node_modules/a': a, 'node_modules/c': a },
    ];
    for (const packages of wrong) assert.equal(setup.treeMatches(lock, { packages }), false);
  });

  it('runs npm ci without scripts when node_modules is missing, and says when it fails', async () => {
    const root = await mkdtemp(join(tmpdir(), 'snug-setup-'));
    try {
      await assert.rejects(setup.ensurePackages(machine([], true).fake, root), /package-lock/);
      await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
      const { fake, ran } = machine([], true);
      await setup.ensurePackages(fake, root);
      assert.match(ran[0] ?? '', / ci .*--ignore-scripts/);
      const failing = machine([], true, () => 7).fake;
      await assert.rejects(setup.ensurePackages(failing, root), /npm ci failed with code 7/);
      await mkdir(join(root, 'node_modules'));
      const installed = JSON.stringify({ packages: { 'node_modules/a': a } });
      await writeFile(join(root, 'node_modules', '.package-lock.json'), installed);
      await setup.ensurePackages(failing, root);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});

describe('the build', () => {
  let root: string;
  const write = async (...files: string[]) => {
    for (const file of files) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), '');
    }
  };
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'snug-build-'));
    await write('tsconfig.json', 'package-lock.json', 'src/a.ts', 'test/unit/a.test.ts');
    const past = new Date(Date.now() - 60_000);
    for (const file of builder.filesBelow(root, '.')) await utimes(join(root, file), past, past);
  });
  after(() => rm(root, { recursive: true, force: true }));

  it('is needed once, and again after a change', async () => {
    assert.equal(builder.needsBuild(root), true);
    await write('dist/src/a.js', 'dist/test/unit/a.test.js');
    await builder.build(machine([], true).fake, root);
    assert.equal(builder.needsBuild(root), false);
    const later = new Date(Date.now() + 1000);
    await utimes(join(root, 'src/a.ts'), later, later);
    assert.equal(builder.needsBuild(root), true);
  });

  it('removes what deleted sources have left, tests above all', async () => {
    await write('dist/test/unit/gone.test.js', 'dist/test/unit/gone.test.js.map');
    assert.equal(builder.staleOutputs(root).length, 2);
    await builder.build(machine([], true).fake, root);
    assert.deepEqual(builder.staleOutputs(root), []);
    await access(join(root, 'dist/test/unit/a.test.js'));
  });

  it('fails when the types are not right, and is needed again', async () => {
    const failing = machine([], true, () => 2).fake;
    await assert.rejects(builder.build(failing, root), /does not compile/);
    assert.equal(builder.needsBuild(root), true);
  });
});
