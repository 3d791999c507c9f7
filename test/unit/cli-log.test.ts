import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LogFile } from '../../src/cli/log/file.js';
import { entryInWords, printJournal } from '../../src/cli/log/journal.js';
import { type CliGround, cliGround } from '../support/cli-run.js';
import { eventually } from '../support/wait.js';

const NOON = Date.UTC(2026, 5, 1, 12);

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'snug-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'log');
}

function logFile(file: string, largest?: number): { log: LogFile; troubles: string[] } {
  const troubles: string[] = [];
  const onTrouble = (why: string) => troubles.push(why);
  const bound = largest === undefined ? {} : { largest };
  return { log: new LogFile({ file, now: () => NOON, onTrouble, ...bound }), troubles };
}

test('the log file has the time of each line, is for its owner alone, and is added to', (t) => {
  const file = temporaryFile(t);
  logFile(file).log.write('info: tor: one');
  logFile(file).log.write('info: tor: two');
  const at = '2026-06-01T12:00:00Z info: tor:';
  assert.equal(readFileSync(file, 'utf8'), `${at} one\n${at} two\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('two log files are kept, each of a bounded size', (t) => {
  const file = temporaryFile(t);
  const { log } = logFile(file, 1000);
  for (let i = 0; i < 500; i += 1) log.write(`info: snug: line ${i}`);
  const [newest, older] = [file, `${file}.1`].map((name) => readFileSync(name, 'utf8'));
  assert.ok((newest ?? '').length < 1100 && (older ?? '').length < 1100);
  assert.match(newest ?? '', /line 499\n$/);
});

test('a disk that takes nothing costs lines and nothing else, is told once, and is written down', (t) => {
  const file = temporaryFile(t);
  // Writing to it fails with ENOSPC, as on a full disk.
  symlinkSync('/dev/full', file);
  const { log, troubles } = logFile(file);
  for (const line of ['one', 'two', 'three']) log.write(line);
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? '', /ENOSPC/);
  rmSync(file);
  log.write('info: snug: four');
  assert.match(readFileSync(file, 'utf8'), /warning: snug: 3 lines are missing here\n.* four\n$/);
});

test('snug log shows the last lines, over the beginning of a new file', async (t) => {
  const ground = cliGround(t, '[log]\nfile = "log"\n');
  writeFileSync(join(ground.folder, 'log.1'), 'a\nb\nc\n');
  writeFileSync(join(ground.folder, 'log'), 'd\ne\n');
  assert.equal((await ground.run('log')).out, 'a\nb\nc\nd\ne');
  assert.equal((await ground.run('log', '--lines', '3')).out, 'c\nd\ne');
  assert.equal((await ground.run('log', '--lines', '1')).out, 'e');
});

test('snug log finds the last lines of a file of many pieces', async (t) => {
  const ground = cliGround(t, '[log]\nfile = "log"\n');
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'é'.repeat(i % 50)}`);
  writeFileSync(join(ground.folder, 'log'), `${lines.join('\n')}\n`);
  const { out } = await ground.run('log', '--lines', '9000');
  assert.equal(out, lines.slice(-9000).join('\n'));
});

test('what is in the log does not paint the terminal', async (t) => {
  const ground = cliGround(t, '[log]\nfile = "log"\n');
  writeFileSync(join(ground.folder, 'log'), 'red \u001b[31m\n');
  assert.equal((await ground.run('log')).out, 'red  [31m');
});

test('snug log --follow goes on over a new file until it is stopped', async (t) => {
  const ground = cliGround(t, '[log]\nfile = "log"\n');
  const { log } = logFile(join(ground.folder, 'log'), 200);
  log.write('info: snug: first');
  const seen: string[] = [];
  const stop = new AbortController();
  const ended = ground.runUntil(stop.signal, (line) => seen.push(line), 'log', '--follow');
  const has = (word: string) =>
    eventually(word, () => (seen.some((line) => line.endsWith(word)) ? true : undefined), 20_000);
  await has('first');
  for (let i = 0; i < 12; i += 1) {
    log.write(`info: snug: number ${i}`);
    await has(`number ${i}`);
  }
  stop.abort();
  assert.equal(await ended, 0);
  assert.deepEqual(
    seen.slice(1).map((line) => Number(line.split(' ').at(-1))),
    [...Array(12).keys()],
  );
});

test('where nothing keeps the log, snug log says how to get one', async (t) => {
  const ground = cliGround(t, '[log]\nfile = "none"\n');
  const { code, err } = await ground.run('log');
  assert.equal(code, 69);
  assert.match(err, /none cannot be read: it is not there yet[\s\S]*started/);
});

for (const lines of ['0', '-1', '1.5', 'all', '1000000']) {
  test(`--lines ${lines} is wrong usage`, async (t) => {
    const { code, err } = await cliGround(t).run('log', `--lines=${lines}`);
    assert.equal(code, 64);
    assert.match(err, /whole number from 1/);
  });
}

test('an entry of the journal is told in words', () => {
  const entry = { __REALTIME_TIMESTAMP: String(NOON * 1000), PRIORITY: '4', MESSAGE: 'tor: slow' };
  assert.equal(entryInWords(JSON.stringify(entry)), '2026-06-01T12:00:00Z warning: tor: slow');
  const bytes = { ...entry, MESSAGE: [111, 107, 27, 33] };
  assert.equal(entryInWords(JSON.stringify(bytes)), '2026-06-01T12:00:00Z warning: ok !');
  assert.equal(entryInWords('-- No entries --'), undefined);
});

/** A journalctl that does what the script says. */
function fakeJournal(t: TestContext, script: string): string {
  const file = temporaryFile(t);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o700);
  return file;
}

test('the journal is asked for this unit, and its lines are counted', async (t) => {
  const said = temporaryFile(t);
  const json = `{"__REALTIME_TIMESTAMP":"${NOON * 1000}","PRIORITY":"6","MESSAGE":"snug: ready"}`;
  const journalctl = fakeJournal(t, `echo "$@" > ${said}; echo '${json}'; echo 'no json'`);
  const lines: string[] = [];
  const wish = { lines: 7, follow: false, journalctl };
  const count = await printJournal(wish, (line) => lines.push(line), new AbortController().signal);
  assert.equal(count, 1);
  assert.deepEqual(lines, ['2026-06-01T12:00:00Z info: snug: ready']);
  assert.match(readFileSync(said, 'utf8'), /^--unit snug\.service .*--lines 7$/m);
});

test('a journal that may not be read is said with what helps', async (t) => {
  const journalctl = fakeJournal(t, 'echo "No journal files were opened" >&2; exit 1');
  const wish = { lines: 7, follow: false, journalctl };
  await assert.rejects(
    printJournal(wish, () => undefined, new AbortController().signal),
    { code: 'NO_LOG', message: /No journal files were opened/, hint: /systemd-journal/ },
  );
});

test('a journal that is followed ends when it is told to', async (t) => {
  const json = `{"__REALTIME_TIMESTAMP":"0","PRIORITY":"6","MESSAGE":"snug: ready"}`;
  const journalctl = fakeJournal(t, `echo '${json}'; exec sleep 300`);
  const stop = new AbortController();
  const wish = { lines: 7, follow: true, journalctl };
  assert.equal(await printJournal(wish, () => stop.abort(), stop.signal), 1);
});

test('snug start writes its log to the file too, also when the file cannot be written', async (t) => {
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  const start = (ground: CliGround) =>
    spawnSync(process.execPath, [main, '--config', ground.config, 'start'], { encoding: 'utf8' });
  // Without Tor it ends at once.
  const works = cliGround(t, '[tor]\nbinary = "none"\n[log]\nfile = "log"\n');
  assert.equal(start(works).status, 69);
  const written = readFileSync(join(works.folder, 'log'), 'utf8');
  assert.match(written, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ info: snug: stopped\n$/m);
  const fails = cliGround(t, '[tor]\nbinary = "none"\n[log]\nfile = "no/folder/log"\n');
  const { status, stderr } = start(fails);
  assert.equal(status, 69);
  assert.match(stderr, /warning: snug: the log file fails: ENOENT/);
  assert.match(stderr, /info: snug: stopped/);
});
