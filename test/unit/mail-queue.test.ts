import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { MOST_QUEUED } from '../../src/mail/limits.js';
import { Notes } from '../../src/mail/notes.js';
import { Queue } from '../../src/mail/queue.js';
import { FRIEND, recordedLog } from '../support/mail-kit.js';

const run = promisify(execFile);
const NOW = Date.UTC(2026, 10, 5);
const letter = (id: string) => ({ id, subject: `about ${id}`, text: 'text' });

describe('the queue of mails', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-queue-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (log = recordedLog()) => new Queue(join(folder, 'queue'), log.log);
  const files = () => readdirSync(join(folder, 'queue')).sort();

  it('is there after a restart: the same letters, in their order, with their Message-IDs', () => {
    const before = open();
    for (const id of ['c', 'a', 'b']) before.add({ ...letter(id), to: FRIEND, until: NOW }, NOW);
    before.remove('a');
    assert.deepEqual(
      before.list().map(({ id }) => id),
      ['c', 'b'],
    );
    assert.deepEqual(open().list(), before.list());
  });

  it('is for nobody else to read', () => {
    open().add({ ...letter('a'), to: FRIEND }, NOW);
    assert.equal(statSync(join(folder, 'queue')).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, 'queue', 'a.json')).mode & 0o777, 0o600);
  });

  it('forgets whom a letter was for when it is sent', () => {
    const queue = open();
    queue.add({ ...letter('a'), to: FRIEND }, NOW);
    assert.match(readFileSync(join(folder, 'queue', 'a.json'), 'utf8'), /friend@/);
    queue.remove('a');
    assert.deepEqual(files(), []);
  });

  it('has one letter of each kind: a newer one takes its place', () => {
    const queue = open();
    queue.add(letter('a'), NOW);
    const [old] = queue.list();
    queue.add({ ...letter('a'), text: 'news' }, NOW);
    assert.deepEqual(
      open()
        .list()
        .map(({ text }) => text),
      ['news'],
    );
    assert.ok(old !== undefined && !queue.holds(old));
  });

  it('has an end', () => {
    const queue = open();
    for (let i = 0; i < MOST_QUEUED; i += 1) queue.addAtAnyCost(letter(`l-${i}`), NOW);
    assert.throws(() => queue.add(letter('more'), NOW), { code: 'MAIL_QUEUE_FULL' });
    assert.throws(() => queue.addAtAnyCost(letter('more'), NOW), { code: 'MAIL_QUEUE_FULL' });
    queue.add(letter('l-3'), NOW);
    assert.equal(open().size, MOST_QUEUED);
  });

  it('leaves alone what it cannot read, says so, and clears what a crash left half-written', () => {
    open().add(letter('good'), NOW);
    const at = (name: string) => join(folder, 'queue', name);
    const good = JSON.parse(readFileSync(at('good.json'), 'utf8'));
    writeFileSync(at('torn.json'), JSON.stringify(good).slice(0, 40));
    writeFileSync(at('other.json'), JSON.stringify(good));
    writeFileSync(at('future.json'), JSON.stringify({ ...good, id: 'future', version: 2 }));
    writeFileSync(at('aim.json'), JSON.stringify({ ...good, id: 'aim', to: 'a@b, c@d' }));
    writeFileSync(at('half.json.new'), '{');
    // Root reads every file: a folder stands for one that cannot be read.
    mkdirSync(at('unreadable.json'));
    mkdirSync(at('unremovable.new'));
    const log = recordedLog();
    assert.deepEqual(
      open(log)
        .list()
        .map(({ id }) => id),
      ['good'],
    );
    assert.equal(log.lines.length, 6);
    assert.ok(!files().includes('half.json.new'));
    assert.ok(files().includes('torn.json'));
  });

  const skip = process.getuid?.() === 0 ? false : 'only root may mount a small disk';
  describe('on a disk that is full', { skip }, () => {
    let disk: string;
    beforeEach(async () => {
      disk = join(folder, 'disk');
      mkdirSync(disk);
      await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    });
    afterEach(async () => {
      await run('umount', ['--lazy', disk]);
      await rmdir(disk);
    });

    it('refuses what can be refused, keeps an alert in memory, and still forgets what is sent', () => {
      const log = recordedLog();
      const queue = new Queue(join(disk, 'queue'), log.log);
      const notes = new Notes(join(disk, 'notes.json'), log.log);
      queue.add(letter('first'), NOW);
      assert.throws(
        () => {
          for (let i = 0; ; i += 1) queue.add({ ...letter(`l-${i}`), text: 'x'.repeat(9000) }, NOW);
        },
        { code: 'MAIL_QUEUE_FAILED' },
      );
      const waiting = queue.size;
      queue.addAtAnyCost({ ...letter('alert-disk'), text: 'x'.repeat(9000) }, NOW);
      assert.equal(queue.size, waiting + 1);
      assert.ok(queue.list().some(({ id }) => id === 'alert-disk'));
      notes.mailSent(NOW, true);
      assert.equal(notes.lastSent, NOW);
      queue.remove('first');
      assert.equal(readdirSync(join(disk, 'queue')).includes('first.json'), false);
      assert.ok(log.lines.some((line) => line.includes('in memory only')));
    });
  });
});

describe('what was mailed already', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'snug-notes-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (log = recordedLog()) => new Notes(join(folder, 'notes.json'), log.log);

  it('is known after a restart', () => {
    const notes = open();
    notes.addressMailed('http://a.onion/');
    notes.setTold({ id: 'disk', told: NOW, since: NOW - 1 });
    notes.digestMailed('2026-11');
    notes.mailSent(NOW, true);
    const again = open();
    assert.ok(again.knowsAddress('http://a.onion/'));
    assert.ok(!again.knowsAddress('http://b.onion/'));
    assert.deepEqual(again.told('disk'), { id: 'disk', told: NOW, since: NOW - 1 });
    assert.deepEqual([again.month, again.lastSent], ['2026-11', NOW]);
  });

  it('begins anew when the file is damaged, and says so', () => {
    writeFileSync(join(folder, 'notes.json'), '{"version":1');
    const log = recordedLog();
    assert.equal(open(log).lastSent, undefined);
    assert.match(log.lines.join(), /may come again/);
  });

  it('allows a number of mails in any 24 hours, whatever the clock said before', () => {
    const notes = open();
    const hour = 3_600_000;
    notes.mailSent(NOW + 999 * hour, true);
    for (let i = 0; i < 20; i += 1) {
      assert.ok(notes.mayAnother(NOW + i), `${i}`);
      notes.mailSent(NOW + i, true);
      notes.mailSent(NOW + i, false);
    }
    assert.ok(!notes.mayAnother(NOW + 23 * hour));
    assert.ok(notes.mayAnother(NOW + 24 * hour));
  });
});
