import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { prepareClearnetFolder } from '../../src/clearnet/folder.js';
import { ClearnetSite } from '../../src/clearnet-site.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { InviteDesk } from '../../src/invites/desk.js';
import { buildTor, pathsOf } from '../../src/rooms.js';
import { codeOf } from '../../src/support/errors.js';
import { createLog } from '../../src/support/log.js';
import { listenOnSocket } from '../../src/support/unix-socket.js';
import { temporaryFolder } from '../support/relay.js';

const modeOf = (path: string) => statSync(path).mode & 0o7777;
const refused = (error: unknown) => codeOf(error) === 'CLEARNET_FOLDER';

describe("the folder of the proxy's sockets", () => {
  let parent: string;
  let folder: string;
  beforeEach(async () => {
    parent = await temporaryFolder();
    folder = join(parent, 'clearnet');
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  it('is ours alone when nobody has made it before', async () => {
    assert.deepEqual(await prepareClearnetFolder(folder), { socketMode: 0o600 });
    assert.equal(modeOf(folder), 0o700);
  });

  for (const [what, before, after, socketMode] of [
    ['its group may enter', 0o2750, 0o2750, 0o660],
    ['its group may enter and not look around', 0o710, 0o710, 0o660],
    ['its group may write', 0o2770, 0o2750, 0o660],
    ['everybody may enter', 0o1777, 0o750, 0o660],
    ['nobody else may enter', 0o700, 0o700, 0o600],
  ] as const) {
    it(`when ${what}, sockets are ${socketMode.toString(8)} and others stay out`, async () => {
      mkdirSync(folder);
      chmodSync(folder, before);
      assert.deepEqual(await prepareClearnetFolder(folder), { socketMode });
      assert.equal(modeOf(folder), after);
    });
  }

  it('is refused when it is a link or a file, or cannot be made', async () => {
    symlinkSync(parent, folder);
    await assert.rejects(prepareClearnetFolder(folder), refused);
    await assert.rejects(prepareClearnetFolder('/proc/snug-clearnet'), refused);
    await assert.rejects(prepareClearnetFolder(process.execPath), refused);
  });

  describe('with trouble, which is told and no reason for the relay to stay down', () => {
    let lines: string[];
    const unused = () => assert.fail('nothing of it runs');
    const build = (run: string, entrance: () => ReturnType<InviteDesk['entrance']> = unused) => {
      const file = join(parent, 'snug.toml');
      const paths = `[paths]\nstate = "${parent}/state"\nrun = "${parent}/run"\n`;
      const domain = 'domain = "pub.example.org"\nssb = "domain"';
      writeFileSync(file, `${paths}[clearnet]\n${domain}\nrun = "${run}"\n`);
      const config = loadConfig({ file, env: {} });
      lines = [];
      const log = createLog({ write: (line) => lines.push(line), journal: false, verbose: false });
      const ground = { config, paths: pathsOf(config), log };
      const parts = { desk: () => ({ entrance }), codeTarget: unused, ready: unused, draw: unused };
      return new ClearnetSite(ground, { tor: buildTor(ground), ...parts });
    };
    const start = async (site: ClearnetSite) => {
      await site.prepare();
      await site.start(new AbortController().signal);
      await site.stop();
    };
    const isTold = (site: ClearnetSite, problem: RegExp) => {
      assert.equal(site.ssbSocket, undefined);
      assert.match(site.status()?.problem ?? '', problem);
      assert.match(lines.join('\n'), /^error: .*not offered/m);
    };

    it('because it cannot be made', async () => {
      const site = build(`${parent}/nowhere/clearnet`);
      await start(site);
      isTold(site, /nowhere\/clearnet cannot be the proxy's: .*clearnet\.run/);
    });

    for (const name of ['site.sock', 'ssb.sock']) {
      it(`because something else stands where its ${name} goes`, async () => {
        mkdirSync(folder);
        writeFileSync(join(folder, name), 'precious');
        const site = build(folder);
        await start(site);
        isTold(site, /clearnet\/s\w+\.sock exists and is not a socket/);
        assert.equal(readFileSync(join(folder, name), 'utf8'), 'precious');
      });
    }

    it('because nothing can be made in it', async (t) => {
      if (process.getuid?.() !== 0) return t.skip('only root may mount');
      mkdirSync(folder);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,mode=700', 'tmpfs', folder]);
      try {
        const site = build(folder);
        await start(site);
        isTold(site, /Cannot listen on .*EROFS/);
      } finally {
        execFileSync('umount', ['--lazy', folder]);
      }
    });

    it('that comes later than the look at it', async () => {
      const site = build(folder, () => ({ pose: unused, solve: unused }));
      await site.prepare();
      assert.equal(site.status()?.problem, undefined);
      assert.deepEqual(readdirSync(folder), []);
      writeFileSync(join(folder, 'site.sock'), 'precious');
      await site.start(new AbortController().signal);
      assert.match(site.status()?.problem ?? '', /is not a socket/);
      await site.stop();
    });
  });

  it("lets the proxy's group connect, and neither other users nor its own into the rest", async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can be others');
    const group = 54_321;
    mkdirSync(folder);
    chownSync(folder, 0, group);
    chmodSync(folder, 0o2750);
    chmodSync(parent, 0o711);
    const own = join(parent, 'run');
    mkdirSync(own, { mode: 0o700 });
    const { socketMode } = await prepareClearnetFolder(folder);
    const site = join(folder, 'site.sock');
    const control = join(own, 'control.sock');
    const servers = [createServer((socket) => socket.destroy()), createServer()] as const;
    await listenOnSocket(servers[0], site, socketMode);
    await listenOnSocket(servers[1], control);
    const script =
      "require('net').connect(process.argv[1]).on('connect',()=>process.exit(0)).on('error',()=>process.exit(9))";
    const connects = (path: string, gid: number) =>
      spawnSync(process.execPath, ['-e', script, path], { uid: 54_000, gid }).status === 0;
    try {
      assert.equal(connects(site, group), true);
      assert.equal(connects(site, group + 1), false);
      assert.equal(connects(control, group), false);
    } finally {
      for (const server of servers) server.close();
    }
  });
});
