import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type BoardPaths, readBoard } from '../../src/status/board.js';
import { readDisk } from '../../src/status/disk.js';
import { Machine } from '../../src/status/machine.js';
import { isLoop, noteStart } from '../../src/status/starts.js';
import { readUpdates } from '../../src/status/updates.js';
import { FakeClock } from '../support/fake-clock.js';

const MINUTE = 60_000;

describe('what the machine says of itself', () => {
  let folder: string;
  let paths: BoardPaths;
  const sensor = (name: string, files: Record<string, string>) => {
    const path = join(paths.sensors, name);
    mkdirSync(path, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), `${text}\n`);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-machine-'));
    paths = {
      temperature: join(folder, 'temp'),
      throttled: join(folder, 'get_throttled'),
      sensors: join(folder, 'hwmon'),
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('a board that reports nothing is no board', async () => {
    assert.equal(await readBoard(paths), undefined);
  });

  it('the temperature is read in whole degrees', async () => {
    writeFileSync(paths.temperature, '51540\n');
    assert.deepEqual(await readBoard(paths), { celsius: 52 });
  });

  for (const [bits, throttled, underVoltage, troubleBefore] of [
    ['0', false, false, false],
    ['0x50005', true, true, true],
    ['50000', false, false, true],
    ['1', false, true, false],
    ['8', true, false, false],
  ] as const) {
    it(`the firmware's ${bits} is understood`, async () => {
      writeFileSync(paths.throttled, `${bits}\n`);
      assert.deepEqual(await readBoard(paths), { throttled, underVoltage, troubleBefore });
    });
  }

  it('the alarm of the voltage is found among other sensors', async () => {
    sensor('hwmon0', { name: 'cpu_thermal', in0_lcrit_alarm: '0' });
    sensor('hwmon1', { name: 'rpi_volt', in0_lcrit_alarm: '1' });
    assert.deepEqual(await readBoard(paths), { underVoltage: true });
  });

  it('what is not of the expected form is left out', async () => {
    writeFileSync(paths.temperature, 'warm\n');
    writeFileSync(paths.throttled, 'xyz\n');
    sensor('hwmon0', { name: 'rpi_volt', in0_lcrit_alarm: '7' });
    assert.equal(await readBoard(paths), undefined);
  });

  it('a real disk has a size, and no more free than that', async () => {
    const disk = await readDisk(folder);
    assert.ok(disk !== undefined && disk.totalBytes > 0);
    assert.ok(disk.freeBytes <= disk.totalBytes);
    assert.ok(disk.usedPercent >= 0 && disk.usedPercent <= 100);
    assert.equal(await readDisk(join(folder, 'nowhere')), undefined);
  });

  it('the log of messages is its size and when it last grew; without one there is none', async () => {
    const log = join(folder, 'log.offset');
    const machine = new Machine({ state: folder, log, board: paths });
    assert.equal((await machine.look()).log, undefined);
    writeFileSync(log, 'x'.repeat(1000));
    const view = await machine.look();
    assert.deepEqual(view.log, { bytes: 1000, lastMessage: statSync(log).mtimeMs });
    assert.equal(machine.view, view);
  });

  it('updates are late after a week, once a card has had two days for them', async () => {
    const file = join(folder, 'done');
    assert.equal(await readUpdates(file), undefined, 'only a card has them');
    writeFileSync(file, '');
    const days = (count: number) => count * 1440 * MINUTE;
    const since = (count: number) => statSync(file).mtimeMs + days(count);
    const up = (count: number) => days(count) / 1000;
    const expect = [
      [since(6), up(6), { days: 6, late: false }],
      [since(7), up(7), { days: 7, late: true }],
      [since(400), up(1), { days: 400, late: false }],
      [since(-3), up(30), { days: 0, late: false }],
    ] as const;
    for (const [now, seconds, view] of expect) {
      assert.deepEqual(await readUpdates(file, now, seconds), view);
    }
    const machine = new Machine({ state: folder, log: file, board: paths, updates: file });
    assert.equal((await machine.look()).updates?.days, 0);
  });
});

describe('the list of starts', () => {
  let folder: string;
  let file: string;
  let clock: FakeClock;
  const start = (...minutes: number[]) =>
    minutes.map((minute) => noteStart(file, 1e12 + minute * MINUTE, clock)()).at(-1) ?? 0;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-starts-'));
    file = join(folder, 'starts.json');
    clock = new FakeClock();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('counts those of the last hour', () => {
    assert.equal(start(0), 1);
    assert.equal(start(10, 20, 30, 59), 5);
    assert.equal(start(65), 5);
    assert.equal(start(300), 1);
  });

  it('five within an hour are a loop, four are not', () => {
    assert.equal(isLoop(start(0, 1, 2, 3)), false);
    assert.equal(isLoop(start(4)), true);
  });

  it('a relay that goes on running leaves the loop behind, whatever the clock of the machine says', async () => {
    start(0, 20, 30, 40);
    const starts = noteStart(file, 1e12 + 50 * MINUTE, clock);
    assert.equal(isLoop(starts()), true);
    await clock.pass(10 * MINUTE - 1);
    assert.equal(starts(), 5);
    await clock.pass(1);
    assert.equal(starts(), 4);
    await clock.pass(50 * MINUTE);
    assert.equal(starts(), 0);
  });

  it('is private and stays small', () => {
    start(...Array.from({ length: 100 }, (_, minute) => minute));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((JSON.parse(readFileSync(file, 'utf8')) as number[]).length, 20);
  });

  it('forgets starts in the future: the clock was set back', () => {
    start(100_000, 100_001);
    assert.equal(start(0), 1);
  });

  for (const damage of ['', '[1,', '{"a":1}', 'null', '["x"]']) {
    it(`begins anew when it holds ${JSON.stringify(damage)}`, () => {
      writeFileSync(file, damage);
      assert.equal(start(0), 1);
    });
  }

  it('says so when it cannot be written, and the old one stays', () => {
    start(0);
    mkdirSync(`${file}.new`);
    assert.throws(() => start(1), { code: /EISDIR$/ });
    assert.equal((JSON.parse(readFileSync(file, 'utf8')) as number[]).length, 1);
  });
});
