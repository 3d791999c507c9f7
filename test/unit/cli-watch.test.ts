import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { runCli } from '../../src/cli/program.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { type Look, watch } from '../../src/cli/watch.js';
import { ControlServer } from '../../src/control/server.js';
import { takeSnapshot } from '../../src/status/snapshot.js';
import { createLog } from '../../src/support/log.js';
import { ABOUT, TOR, WELL } from '../support/status-views.js';

const ESCAPE = '\u001b';
const ENTER = `${ESCAPE}[?1049h${ESCAPE}[?25l`;
const LEAVE = `${ESCAPE}[?25h${ESCAPE}[?1049l`;

/** A terminal of paper; with a screen of that size when it is given. */
function paper(rows?: number, columns = 80) {
  const out: string[] = [];
  const drawn: string[] = [];
  const screen = {
    write: (text: string) => drawn.push(text),
    size: () => ({ columns, rows: rows ?? 0 }),
  };
  const terminal: Terminal = {
    out: (line) => out.push(line),
    err: () => undefined,
    ...(rows === undefined ? {} : { screen }),
  };
  return { terminal, out, drawn };
}

/** Looks at these, then ends the watch. */
function looks(all: readonly (Look | Error)[]) {
  const ending = new AbortController();
  let next = 0;
  const once = async () => {
    const one = all[next++] ?? assert.fail('it looks after its end');
    if (next === all.length) ending.abort();
    if (one instanceof Error) throw one;
    return one;
  };
  return { once, signal: ending.signal };
}
const look = (gist: string, ...lines: string[]): Look => ({ gist, lines });

describe('watching', () => {
  it('without a screen prints each change once, plainly', async () => {
    const { terminal, out } = paper();
    const all = [look('a', 'one'), look('a', 'one, later'), look('b', 'two'), look('a', 'three')];
    const { once, signal } = looks(all);
    await watch(terminal, once, 1, signal);
    assert.deepEqual(out, ['one', 'two', 'three']);
  });

  it('on a screen draws each look over the last one, and gives the screen back', async () => {
    const { terminal, out, drawn } = paper(24);
    const { once, signal } = looks([look('a', 'one'), look('a', 'uno')]);
    await watch(terminal, once, 1, signal);
    assert.deepEqual([drawn[0], drawn.at(-1), out], [ENTER, LEAVE, []]);
    assert.deepEqual(
      drawn.slice(1, -1).map((text) => /one|uno/.exec(text)?.[0]),
      ['one', 'uno'],
    );
  });

  /** @returns the rows of the screen after one look */
  const rowsOf = async (rows: number, columns: number, ...lines: string[]) => {
    const { terminal, drawn } = paper(rows, columns);
    const { once, signal } = looks([look('a', ...lines)]);
    await watch(terminal, once, 1, signal);
    const text = (drawn[1] ?? '').replace(`${ESCAPE}[H`, '').replace(`${ESCAPE}[J`, '');
    return text.split('\n').map((row) => row.replace(`${ESCAPE}[K`, ''));
  };

  it('when not all fits, how it is and what to do stay', async () => {
    const rows = await rowsOf(4, 80, 'down', 'a', 'b', 'c', 'To do     this');
    assert.deepEqual(rows, ['down', 'c', 'To do     this']);
  });

  it('long lines are wrapped between words, and inside of long ones', async () => {
    const rows = await rowsOf(
      24,
      24,
      'To do     make room on the disk',
      `For peers ${'x'.repeat(20)}`,
    );
    assert.deepEqual(rows, [
      'To do     make room on',
      '          the disk',
      `For peers ${'x'.repeat(14)}`,
      `          ${'x'.repeat(6)}`,
    ]);
  });

  it('gives the screen back when a look fails', async () => {
    const { terminal, drawn } = paper(24);
    const { once, signal } = looks([look('a', 'one'), new Error('broken')]);
    await assert.rejects(watch(terminal, once, 1, signal), /broken/);
    assert.equal(drawn.at(-1), LEAVE);
  });

  it('an end that is asked for during the pause comes at once', async () => {
    const ending = new AbortController();
    const watching = watch(paper().terminal, async () => look('a'), 1e9, ending.signal);
    setImmediate(() => ending.abort());
    await watching;
  });
});

describe('snug status --watch and snug metrics', () => {
  let folder: string;
  let server: ControlServer | undefined;
  const serve = async (methods: Record<string, () => unknown>) => {
    const log = createLog({ write: () => undefined, journal: false, verbose: false });
    server = new ControlServer({ socket: join(folder, 'control.sock'), methods, log });
    await server.start();
  };
  /** Runs until the first words are out, as someone would who then presses Ctrl-C. */
  const run = async (...args: string[]) => {
    const ending = new AbortController();
    const out: string[] = [];
    const code = await runCli(args, {
      env: { SNUG_CONTROL: join(folder, 'control.sock') },
      terminal: {
        out: (line) => {
          out.push(line);
          ending.abort();
        },
        err: (line) => out.push(line),
      },
      signal: ending.signal,
    });
    return { code, out: out.join('\n') };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-watch-'));
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends with the exit code of the last look', async () => {
    for (const [state, code] of [
      ['published', 0],
      ['publishing', 2],
    ] as const) {
      await serve({ status: () => takeSnapshot({ ...WELL, tor: { ...TOR, state } }, ABOUT) });
      const found = await run('status', '--watch');
      assert.equal(found.code, code);
      assert.match(found.out, /^Version {3}1\.0\.0/m);
      await server?.stop();
    }
  });

  it('--json prints one line a change', async () => {
    await serve({ status: () => takeSnapshot(WELL, ABOUT) });
    const { out } = await run('status', '--watch', '--json');
    assert.equal((JSON.parse(out) as { health: string }).health, 'well');
  });

  it('waits for a relay that does not run, and says so', async () => {
    const { code, out } = await run('status', '--watch');
    assert.equal(code, 2);
    assert.match(out, /No relay answers.*snug start/);
  });

  it('metrics are printed as they are', async () => {
    await serve({ metrics: () => 'snug_health 0\n' });
    assert.deepEqual(await run('metrics'), { code: 0, out: 'snug_health 0' });
  });

  it('metrics of a relay that does not run: clear words and exit code 69', async () => {
    const { code, out } = await run('metrics');
    assert.equal(code, 69);
    assert.match(out, /No relay answers/);
  });
});
