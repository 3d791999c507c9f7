import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { PACKAGE_ROOT } from '../../src/support/package.js';

const SCRIPT = join(PACKAGE_ROOT, 'systemd', 'snug-clock');
/** When the system was built, when the time was noted last, and what the clock says. */
const [BUILT, NOTED, CLOCK] = [1_790_000_000, 1_792_000_000, 1_792_100_000];
const UPTIME = 500;
const DAY = 86_400;

let folder = '';
const at = (name: string) => join(folder, name);

/** A `date` that tells the time of a file, and sets it. */
const DATE = `#!/bin/sh
case "$2 $3" in
+%s*) cat "$0.clock" ;;
-s*) echo "\${3#@}" >"$0.clock" ;;
*) echo now ;;
esac
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snug-clock-'));
  writeFileSync(at('date'), DATE, { mode: 0o755 });
  writeFileSync(at('date.clock'), `${CLOCK}\n`);
  writeFileSync(at('saved'), `${NOTED}\n`);
  writeFileSync(at('uptime'), `${UPTIME}.71 900.00\n`);
  writeFileSync(at('built'), '');
  utimesSync(at('built'), BUILT, BUILT);
});
afterEach(() => rmSync(folder, { recursive: true }));

function clock(...words: string[]) {
  const env = {
    PATH: '/usr/bin:/bin',
    SNUG_CLOCK_SAVED: at('saved'),
    SNUG_CLOCK_BUILT: at('built'),
    SNUG_CLOCK_DATE: at('date'),
    SNUG_CLOCK_UPTIME: at('uptime'),
  };
  const { status, stdout, stderr } = spawnSync(SCRIPT, words, { env, encoding: 'utf8' });
  const now = Number(readFileSync(at('date.clock'), 'utf8'));
  return { status, said: `${stdout}${stderr}`, now };
}

function suggest(text: string) {
  writeFileSync(at('skew'), text);
  return clock('step', at('skew'));
}

test('at boot the clock goes on from the time that was noted, and never back', () => {
  writeFileSync(at('date.clock'), '0\n');
  assert.equal(clock('restore').now, NOTED);
  writeFileSync(at('date.clock'), `${CLOCK}\n`);
  assert.equal(clock('restore').now, CLOCK);
});

test('without a noted time, or with half of one, the time of the build is the earliest', () => {
  for (const noted of [undefined, '', '17\0', '-5\n', 'soon\n', '9'.repeat(12), '0123456789\n']) {
    writeFileSync(at('date.clock'), '100\n');
    if (noted === undefined) rmSync(at('saved'));
    else writeFileSync(at('saved'), noted);
    const { now, status } = clock('restore');
    assert.deepEqual([now, status], [BUILT, 0], String(noted));
  }
});

test('the time is noted', () => {
  assert.equal(clock('save').status, 0);
  assert.equal(readFileSync(at('saved'), 'utf8'), `${CLOCK}\n`);
});

test('a step comes to the same, whenever and however often it is taken', () => {
  const truth = CLOCK + 3 * DAY;
  const text = `${truth} ${UPTIME - 40}\n`;
  assert.equal(suggest(text).now, truth + 40);
  const again = suggest(text);
  assert.equal(again.now, truth + 40);
  assert.match(again.said, /right already/);
});

test('a clock that is fast is set back, but not before a time that has been', () => {
  assert.equal(suggest(`${NOTED + 5} ${UPTIME}\n`).now, NOTED + 5);
  const refused = suggest(`${NOTED - 1} ${UPTIME}\n`);
  assert.equal(refused.now, NOTED + 5);
  assert.match(refused.said, /known to have been/);
});

test('no step leads further than ten years from what is known', () => {
  const refused = suggest(`${NOTED + 4000 * DAY} ${UPTIME}\n`);
  assert.equal(refused.now, CLOCK);
  assert.match(refused.said, /too far/);
});

test('a step is not noted, so that the next one can take it back', () => {
  suggest(`${CLOCK + 30 * DAY} ${UPTIME}\n`);
  assert.equal(readFileSync(at('saved'), 'utf8'), `${NOTED}\n`);
  assert.equal(suggest(`${CLOCK} ${UPTIME}\n`).now, CLOCK);
});

test('whatever else the file says, the clock stays and nothing is run', () => {
  const touch = at('touched');
  for (const text of [
    '',
    '\n',
    '1792200000\n',
    '1792200000 x\n',
    '1792200000 -4\n',
    '-1792200000 4\n',
    '01792200000 4\n',
    '1792200000000000000 4\n',
    '1792200000 4444444444444444\n',
    `$(touch ${touch}) 4\n`,
    `a[$(touch ${touch})] 4\n`,
    `1792200000;touch ${touch} 4\n`,
    '* 4\n',
    '\0\0\0',
  ]) {
    const { now, status } = suggest(text);
    assert.deepEqual([now, status], [CLOCK, 0], JSON.stringify(text));
  }
  assert.throws(() => readFileSync(touch));
  // A file that would never end, or that is not there.
  execFileSync('mkfifo', [at('pipe')]);
  assert.equal(clock('step', at('pipe')).now, CLOCK);
  assert.equal(clock('step', at('nothing')).now, CLOCK);
});

test('wrong words are refused', () => {
  for (const words of [[], ['stop'], ['step']]) assert.notEqual(clock(...words).status, 0);
});
