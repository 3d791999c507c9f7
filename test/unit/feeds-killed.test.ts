import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import type { SignedValue } from 'ssb-server';
import { PlainClient } from '../support/plain-client.js';
import { temporaryFolder } from '../support/relay.js';
import { SignedFeed } from '../support/signed-feed.js';
import { eventually } from '../support/wait.js';

const CHILD = new URL('../support/relay-child.js', import.meta.url);
const KILLS = 20;
const POSTS = 6000;

interface Said {
  readonly open?: true;
  readonly id?: string;
  readonly sequence?: number;
  readonly own?: number;
  readonly state?: string;
  readonly line?: string;
}

/** A relay's process and what it has said last. */
class Child {
  readonly process: ChildProcess;
  last: Said = {};
  id = '';
  readonly #lines: string[] = [];

  constructor(folder: string, member: string) {
    this.process = fork(CHILD, [folder, member], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.process.on('message', (said: Said) => {
      if (said.id !== undefined) this.id = said.id;
      if (said.line !== undefined) this.#lines.push(said.line);
      if (said.sequence !== undefined) this.last = said;
    });
  }

  until(what: string, fits: (said: Said) => boolean): Promise<Said> {
    return eventually(
      what,
      () => {
        if (this.process.exitCode !== null) throw new Error(`it ended: ${this.#lines.join('\n')}`);
        return fits(this.last) ? this.last : undefined;
      },
      30_000,
    );
  }

  async kill(): Promise<void> {
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
  }
}

it('killed twenty times while feeds pour in, it loses nothing and goes on', async () => {
  const folder = await temporaryFolder();
  const feed = new SignedFeed();
  for (let i = 0; i < POSTS; i += 1) feed.post(`${i} ${'x'.repeat(i % 500)}`);
  let kept = 0;
  let own = 0;
  for (let kill = 0; kill <= KILLS; kill += 1) {
    const child = new Child(folder, feed.id);
    const opened = await child.until('the start', ({ sequence }) => sequence !== undefined);
    assert.ok((opened.sequence ?? 0) >= kept, `${opened.sequence} of ${kept} are left`);
    assert.equal(opened.own, own + 2, 'its own feed goes on where it ended');
    own = opened.own ?? 0;
    const client = await PlainClient.connect(join(folder, 'ssb.sock'), child.id, feed);
    client.ask({ id: feed.id, seq: POSTS * 2, live: true });
    const goal = kill === KILLS ? POSTS : Math.floor(((kill + 1) * POSTS) / (KILLS + 2));
    kept = (await child.until('intake', ({ sequence = 0 }) => sequence >= goal)).sequence ?? 0;
    if (kill === KILLS) {
      const request = client.ask({ id: feed.id, seq: 1, keys: false, live: false });
      const values = (await client.received(request, POSTS)) as SignedValue[];
      assert.deepEqual(
        values,
        feed.messages.map(({ value }) => value),
      );
      const ownRequest = client.ask({ id: child.id, seq: 1, keys: false, live: false });
      const ownFeed = (await client.received(ownRequest, own)) as SignedValue[];
      assert.deepEqual(
        ownFeed.map(({ sequence }) => sequence),
        Array.from({ length: own }, (_, i) => i + 1),
      );
    }
    client.close();
    await child.kill();
  }
  await rm(folder, { recursive: true, force: true });
});
