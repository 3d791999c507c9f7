import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { loadConfig } from '../../src/config/load-config.js';
import { Post } from '../../src/post.js';
import { pathsOf } from '../../src/rooms.js';
import { takeSnapshot } from '../../src/status/snapshot.js';
import { parseOnionHost } from '../../src/support/onion-host.js';
import type { TorState, TorStatus } from '../../src/tor/status.js';
import { recordedLog } from '../support/mail-kit.js';
import { type MailServer, PASSWORD, startMailServer, USER } from '../support/mail-server.js';
import { type SocksStub, startSocksStub } from '../support/socks-stub.js';
import { ABOUT, WELL } from '../support/status-views.js';
import { eventually } from '../support/wait.js';

const HOST = parseOnionHost('2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion');

/** As much of Tor as mail sees; its state is the test's. */
class FakeTor {
  readonly socksPath: string;
  readonly host = HOST;
  readonly #listeners = new Set<(status: TorStatus) => void>();
  #state: TorState = 'offline';

  constructor(socksPath: string) {
    this.socksPath = socksPath;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  status(): TorStatus {
    const bootstrap = { progress: 100, summary: 'Done' };
    return { state: this.#state, bootstrap, descriptors: { wanted: 2, uploaded: 2 }, restarts: 0 };
  }

  onChange(listener: (status: TorStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(state: TorState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(this.status());
  }
}

describe('mail in the relay', () => {
  let folder: string;
  let socks: SocksStub;
  let server: MailServer;
  let tor: FakeTor;
  let made: number;
  let post: Post | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'snug-post-'));
    socks = await startSocksStub(join(folder, 'socks'));
    server = await startMailServer(join(folder, 'smtp'), {
      hideSTARTTLS: true,
      allowInsecureAuth: true,
    });
    socks.target = join(folder, 'smtp');
    tor = new FakeTor(socks.path);
    made = 0;
    post = undefined;
  });
  afterEach(async () => {
    await post?.stop();
    await server.stop();
    await socks.stop();
    rmSync(folder, { recursive: true });
  });

  const build = (mail: string): Post => {
    const file = join(folder, 'snug.toml');
    writeFileSync(file, `[paths]\nstate = "state"\nrun = "run"\n${mail}`);
    const config = loadConfig({ file, env: {} });
    const snapshot = takeSnapshot(WELL, ABOUT);
    const made1 = { id: 'abcd', code: 'code', expiresAt: Date.now() + 1e9 };
    post = new Post(
      { config, paths: pathsOf(config), log: recordedLog().log },
      {
        tor,
        health: { conditions: [], status: () => snapshot, look: () => Promise.resolve(snapshot) },
        desk: () => ({
          create: async () => {
            made += 1;
            return made1;
          },
          revoke: () => assert.fail('revoked'),
        }),
      },
    );
    return post;
  };
  const configured = () => {
    const password = join(folder, 'password');
    writeFileSync(password, PASSWORD, { mode: 0o600 });
    return `[mail]\nserver = "${HOST}"\ntls = "none"\nuser = "${USER}"\npassword_file = "${password}"\nto = "me@example.org"\n`;
  };
  const sent = (count: number) =>
    eventually(`mail ${count}`, () => (server.received.length >= count ? true : undefined));

  it('that is not configured is no mail: nothing is written, and who asks is told', async () => {
    const none = build('');
    await none.start();
    assert.equal(none.status(), undefined);
    assert.ok(!existsSync(join(folder, 'state')));
    assert.equal(tor.listeners, 0);
    await assert.rejects(none.test(), { code: 'NO_MAIL' });
    await assert.rejects(async () => none.invite('a@example.org', {}), { code: 'NO_MAIL' });
    assert.equal(made, 0);
  });

  it('that has not started yet says so', async () => {
    const early = build(configured());
    assert.deepEqual(early.status()?.queued, 0);
    await assert.rejects(early.test(), { code: 'NOT_READY' });
  });

  it('whose folder cannot be used costs mail and not the relay, and status says why', async () => {
    const relay = build(configured());
    writeFileSync(join(folder, 'state'), 'no folder');
    await relay.start();
    assert.match(relay.status()?.trouble?.text ?? '', /^The mail cannot be queued/);
    await assert.rejects(relay.test(), { code: 'MAIL_QUEUE_FAILED' });
    assert.equal(tor.listeners, 0);
  });

  it('goes out while Tor is published, and waits while it is not', async () => {
    const relay = build(configured());
    await relay.start();
    assert.equal(relay.status()?.queued, 1);
    tor.become('bootstrapping');
    await assert.rejects(relay.test(), { code: 'MAIL_OFFLINE' });
    assert.deepEqual(socks.asked, []);
    tor.become('published');
    await sent(1);
    // The server has it a moment before we hear so.
    await eventually('its answer', () => (relay.status()?.queued === 0 ? true : undefined));
    tor.become('restarting');
    assert.equal((await relay.invite('friend@example.net', {})).mailed, true);
    assert.equal(relay.status()?.queued, 1);
    assert.equal(server.received.length, 1);
    tor.become('published');
    await sent(2);
    assert.deepEqual(server.received[1]?.to, ['friend@example.net']);
  });

  it('goes out too when Tor has a network but cannot publish the address', async () => {
    const relay = build(configured());
    await relay.start();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      tor.become('publishing');
      mock.timers.tick(119_000);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(socks.asked, []);
      mock.timers.tick(2000);
    } finally {
      mock.timers.reset();
    }
    await sent(1);
  });

  it('leaves Tor alone when it is stopped', async () => {
    const relay = build(configured());
    await relay.start();
    tor.become('publishing');
    await relay.stop();
    assert.equal(tor.listeners, 0);
    tor.become('published');
    assert.deepEqual(socks.asked, []);
  });
});
