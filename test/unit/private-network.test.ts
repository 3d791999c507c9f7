import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findFreePorts } from '../../src/demo/free-ports.js';
import { inTime } from '../../src/demo/in-time.js';
import { startPrivateClient } from '../../src/demo/private-client.js';
import { voteTimes } from '../../src/demo/private-torrcs.js';
import { findTorPrograms } from '../../src/demo/programs.js';
import { quotePath, renderTemplate } from '../../src/demo/torrc-template.js';
import { codeOf } from '../../src/support/errors.js';

const has = (code: string) => (error: unknown) => codeOf(error) === code;

describe('the pieces of the private Tor network', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snug-pieces-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('tells in the words of Tor why one of its Tors has ended', async () => {
    const include = join(folder, 'broken.torrc');
    await writeFile(include, 'NoSuchOption 1\n');
    const start = startPrivateClient({
      name: 'x',
      include,
      folder: join(folder, 'x'),
      signals: [],
    });
    await assert.rejects(start, (error: Error) => {
      assert.equal(codeOf(error), 'PRIVATE_TOR_ENDED');
      assert.match(error.message, /NoSuchOption/);
      return true;
    });
  });

  it('names the program that is missing', async () => {
    await assert.rejects(findTorPrograms('no-such-tor'), has('TOR_NOT_FOUND'));
    await assert.rejects(findTorPrograms('/nowhere/tor'), /nowhere/);
  });

  it('finds tor for users whose PATH lacks the system folders', async () => {
    const programs = await findTorPrograms('tor', '');
    assert.match(programs.tor, /^\/.*\/tor$/);
    assert.match(programs.gencert, /^\/.*\/tor-gencert$/);
  });

  it('gives different ports that can be listened on', async () => {
    const ports = await findFreePorts(20);
    assert.equal(new Set(ports).size, 20);
    for (const port of ports) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
    }
  });

  it('lets the first vote begin three to four seconds after the start', () => {
    for (let ms = 0; ms < 60_000; ms += 137) {
      const { offset, interval, delay } = voteTimes(ms, 2000);
      assert.deepEqual({ interval, delay }, { interval: 10, delay: 2 });
      assert.ok(Number.isInteger(offset) && offset >= 0 && offset < interval);
      const voteBegins = offset - 2 * delay - ms / 1000;
      const wait = ((voteBegins % interval) + interval) % interval;
      assert.ok(wait >= 3 && wait <= 4, `${wait} s after ${ms} ms`);
    }
  });

  it('takes its time on a slow machine, within what Tor allows', () => {
    for (const keysTook of [0, 4999, 5001, 11_000, 1_000_000]) {
      const { interval, delay } = voteTimes(0, keysTook);
      assert.equal(1800 % interval, 0);
      assert.ok(interval <= 30 && 2 * delay < interval / 2);
    }
    assert.ok(voteTimes(0, 11_000).interval > voteTimes(0, 1000).interval);
  });

  it('refuses to render a template without its values or with lines smuggled in', async () => {
    await assert.rejects(renderTemplate('include', {}), has('TORRC_VALUE_MISSING'));
    const smuggled = { authorities: ['DirAuthority x\nControlPort 9051'] };
    await assert.rejects(renderTemplate('include', smuggled), has('TORRC_VALUE_UNSAFE'));
    assert.equal(quotePath('/with blank'), '"/with blank"');
    assert.throws(() => quotePath('/a"b'), has('TORRC_VALUE_UNSAFE'));
  });

  it('gives up late work and tells it so', async () => {
    let told: AbortSignal | undefined;
    const never = inTime({ ms: 1, late: () => new Error('late'), signals: [] }, (signal) => {
      told = signal;
      return new Promise(() => undefined);
    });
    await assert.rejects(never, /late/);
    assert.equal(told?.aborted, true);
  });

  it('gives up work at once when it is no longer wanted', async () => {
    const signals = [AbortSignal.abort(new Error('unwanted'))];
    const work = inTime({ ms: 60_000, late: () => new Error('late'), signals }, async () => {
      return new Promise(() => undefined);
    });
    await assert.rejects(work, /unwanted/);
  });
});
