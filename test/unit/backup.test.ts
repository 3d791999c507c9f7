import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { fileOutput, type Output } from '../../src/backup/output.js';
import { refuseHalfRestored } from '../../src/backup/place.js';
import { type LedgerRecord, restoreBackup } from '../../src/backup/restore.js';
import { backUp } from '../../src/backups.js';
import { InviteDesk } from '../../src/invites/desk.js';
import { hashOf } from '../../src/invites/invite.js';
import { importLedger, isLedgerRecord } from '../../src/invites/transfer.js';
import { readOwnFeed } from '../../src/ssb/log-file.js';
import { SnugError } from '../../src/support/errors.js';
import {
  type Box,
  backUpBox,
  type Contents,
  fillBox,
  freshBox,
  KEY,
  LOCK,
  notRunning,
  openBoxRelay,
  removeBox,
  restoreBox,
  tree,
  writeBlob,
} from '../support/backup-kit.js';
import { deskOptions, someFeed } from '../support/invites-kit.js';
import { SOME_ONION } from '../support/ssb-house.js';

const KEYS = [
  'ssb/secret',
  'tor/onion/hostname',
  'tor/onion/hs_ed25519_public_key',
  'tor/onion/hs_ed25519_secret_key',
  'tor/onion/authorized_clients/ada.auth',
  'tor/ssh/hostname',
  'tor/ssh/hs_ed25519_public_key',
  'tor/ssh/hs_ed25519_secret_key',
  'tor/ssh-client',
];

describe('a backup', () => {
  let old: Box;
  let contents: Contents;
  let fresh: Box;
  before(async () => {
    old = await freshBox();
    contents = await fillBox(old);
  });
  after(() => removeBox(old));
  beforeEach(async () => {
    fresh = await freshBox();
  });
  afterEach(() => removeBox(fresh));

  const file = () => join(fresh.folder, 'backup.age');
  const openDesk = (box: Box) => InviteDesk.open(deskOptions(join(box.state, 'invites')));

  it('brings keys, invites, bans and configuration onto a fresh box, for its user only', async () => {
    await backUpBox(old, { file: file() });
    const { manifest, members, config } = await restoreBox(fresh, file());
    assert.equal(manifest.own.sequence, 3);
    assert.equal(manifest.feed, contents.feed);
    assert.equal(manifest.host, SOME_ONION);
    assert.equal(members, 2);
    assert.equal(config, join(fresh.state, 'restored.toml'));
    assert.deepEqual(readFileSync(config), readFileSync(join(old.folder, 'snug.toml')));
    for (const name of KEYS) {
      assert.deepEqual(readFileSync(join(fresh.state, name)), readFileSync(join(old.state, name)));
    }
    assert.equal(existsSync(join(fresh.state, 'ssb', 'flume')), false);
    for (const [name, { mode, content }] of tree(fresh.state)) {
      assert.equal(mode, content === undefined ? 0o700 : 0o600, name);
    }
    assert.equal(statSync(fresh.state).mode & 0o777, 0o700);
    const desk = await openDesk(fresh);
    assert.deepEqual(
      desk.bans().map(({ feed, reason }) => [feed, reason]),
      [[contents.banned, 'noise']],
    );
    assert.equal((await desk.list())[0]?.note, 'for Ada');
    assert.equal(await desk.mayRedeem(contents.openCode), true);
    await desk.close();
  });

  it('knows how far the own feed has come and whom it follows, as the relay itself would say', async () => {
    const { ownFeed } = await readOwnFeed(join(old.state, 'ssb'));
    const relay = await openBoxRelay(old);
    assert.deepEqual(await relay.ownFeed(), ownFeed);
    await relay.close();
    assert.equal(ownFeed.sequence, 3);
    assert.deepEqual(ownFeed.members, contents.members);
    await backUpBox(old, { file: file() });
    await restoreBox(fresh, file());
    const record = readFileSync(join(fresh.state, 'ssb', 'own-feed.json'), 'utf8');
    assert.deepEqual(JSON.parse(record), ownFeed);
    // Also what is backed up before the feed is back remembers it.
    assert.deepEqual((await readOwnFeed(join(fresh.state, 'ssb'))).ownFeed, ownFeed);
  });

  describe('of a stopped relay with a damaged log', () => {
    const path = () => join(old.state, 'ssb', 'flume', 'log.offset');
    let sound: Buffer;
    before(() => {
      sound = readFileSync(path());
    });
    afterEach(() => writeFileSync(path(), sound));
    /** Where each record begins. */
    const starts = () => {
      const found = [];
      for (let at = 0; at < sound.length; at += sound.readUInt32BE(at) + 12) found.push(at);
      return found;
    };
    const [length, text] = [0, 4];

    for (const [what, record, part] of [
      ['length', 1, length],
      ['length', -1, length],
      ['text', 1, text],
    ] as const) {
      it(`is refused, for it would know too little of the own feed (${what}, ${record})`, async () => {
        const bytes = Buffer.from(sound);
        const at = (starts().at(record) ?? 0) + part;
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        writeFileSync(path(), bytes);
        await assert.rejects(backUpBox(old, { file: file() }), { code: 'LOG_DAMAGED' });
        assert.equal(existsSync(file()), false);
      });
    }

    it('is made when only its end was not written, which the relay would cut off', async () => {
      writeFileSync(path(), Buffer.concat([sound, sound.subarray(0, 50)]));
      await backUpBox(old, { file: file() });
      assert.equal((await restoreBox(fresh, file())).manifest.own.sequence, 3);
    });
  });

  it('is small, private, and not overwritten by accident', async () => {
    await backUpBox(old, { file: file() });
    const { size, mode } = statSync(file());
    assert.ok(size < 20_000, `${size} bytes`);
    assert.equal(mode & 0o777, 0o600);
    const first = readFileSync(file());
    await assert.rejects(backUpBox(old, { file: file() }), { code: 'FILE_EXISTS' });
    assert.deepEqual(readFileSync(file()), first);
    await backUpBox(old, { file: file(), force: true });
    assert.notDeepEqual(readFileSync(file()), first);
    assert.deepEqual(
      readdirSync(fresh.folder).filter((name) => name.includes('.part')),
      [],
    );
  });

  it('of a running relay is what that relay says, its ledger untouched', async () => {
    const desk = await openDesk(old);
    const relay = await openBoxRelay(old);
    const { code } = await desk.create({ note: 'a moment ago' });
    const ask = async (method: string) => {
      assert.equal(method, 'backup.records');
      const ownFeed = await relay.ownFeed();
      return { feed: relay.id, host: SOME_ONION, ownFeed, invites: await desk.export() };
    };
    const signal = new AbortController().signal;
    const wish = { withLog: true, lock: LOCK, signal };
    await backUp(old.config, ask, wish, () => fileOutput(file(), false));
    // Without asking it, the ledger is found to be in use.
    await assert.rejects(
      backUp(old.config, notRunning, wish, () => fileOutput(`${file()}2`, false)),
      { code: 'STATE_IN_USE' },
    );
    await relay.close();
    await desk.close();
    await restoreBox(fresh, file());
    const restored = await openDesk(fresh);
    assert.ok((await restored.list()).some(({ note }) => note === 'a moment ago'));
    assert.ok(code);
    await restored.close();
  });

  it('with the log brings messages and blobs, as far as they were there', async () => {
    const bytes = Buffer.from('a picture');
    const blob = writeBlob(old, bytes);
    writeFileSync(join(old.state, 'ssb/blobs/sha256/not-a-blob'), 'x');
    const log = join(old.state, 'ssb', 'flume', 'log.offset');
    const before = readFileSync(log);
    // It goes on being written to while the backup reads it.
    let written = false;
    const output = async (): Promise<Output> => {
      const inner = await fileOutput(file(), false);
      return {
        ...inner,
        write: async (chunk) => {
          if (!written) appendFileSync(log, Buffer.alloc(7, 1));
          written = true;
          await inner.write(chunk);
        },
        finish: () => inner.finish(),
        discard: () => inner.discard(),
      };
    };
    const wish = { withLog: true, lock: LOCK, signal: new AbortController().signal };
    await backUp(old.config, notRunning, wish, output);
    writeFileSync(log, before);
    await restoreBox(fresh, file());
    assert.deepEqual(readFileSync(join(fresh.state, blob)), bytes);
    const relay = await openBoxRelay(fresh);
    const { ownFeed } = await readOwnFeed(join(old.state, 'ssb'));
    for (const member of contents.members) assert.equal(await relay.isFollowing(member), true);
    assert.deepEqual(await relay.ownFeed(), ownFeed);
    // The log alone does not tell what members hold beyond it.
    await assert.rejects(relay.follow(someFeed()), { code: 'OWN_FEED_BEHIND' });
    await relay.close();
  });

  it('is not restored by halves when that is interrupted', async () => {
    await backUpBox(old, { file: file() });
    const before = tree(fresh.folder);
    const reason = new Error('interrupted');
    const { state } = fresh;
    const steps = {
      'before it begins': (abort: () => void) => abort(),
      // The records are looked at when the archive was read to its end for the first time.
      'when it is known to be sound': (abort: () => void) => ({
        isLedgerRecord: (value: unknown): value is LedgerRecord => {
          abort();
          return isLedgerRecord(value);
        },
      }),
      'before it is moved into place': (abort: () => void) => ({
        importLedger: async () => abort(),
      }),
    };
    for (const [when, step] of Object.entries(steps)) {
      const ending = new AbortController();
      const { signal } = ending;
      const changed = step(() => ending.abort(reason)) ?? {};
      const usual = { file: file(), key: KEY, state, publishAnyway: false, signal };
      const rooms = { refuseRunning: async () => {}, isLedgerRecord, importLedger };
      const options = { ...usual, ...rooms, ...changed };
      await assert.rejects(restoreBackup(options), reason, when);
      assert.deepEqual(tree(fresh.folder), before, when);
    }
  });

  it('opens with the key of its recipient, and with no other', async () => {
    const [mine, other] = [await generateIdentity(), await generateIdentity()];
    const lock = { recipients: [await identityToRecipient(mine)] };
    await backUpBox(old, { file: file(), lock });
    await assert.rejects(restoreBox(fresh, file(), { identities: [other] }), {
      code: 'ARCHIVE_LOCKED',
    });
    await assert.rejects(restoreBox(fresh, file(), KEY), { code: 'ARCHIVE_LOCKED' });
    await assert.rejects(restoreBox(fresh, file(), { identities: ['no key'] }), {
      code: 'BAD_IDENTITY',
    });
    assert.equal(existsSync(fresh.state), false);
    await restoreBox(fresh, file(), { identities: [mine] });
    await assert.rejects(backUpBox(old, { file: `${file()}2`, lock: { recipients: ['age1x'] } }), {
      code: 'BAD_RECIPIENT',
    });
  });

  it('never lies on the disk in plain, not even in part', async () => {
    for (let i = 0; i < 20; i += 1) writeBlob(old, Buffer.alloc(100_000, i));
    let looks = 0;
    const look = () => {
      looks += 1;
      for (const [name, { content }] of tree(fresh.folder)) {
        for (const secret of contents.secrets) {
          assert.equal(content?.includes(secret) ?? false, false, name);
        }
      }
    };
    const output = async (): Promise<Output> => {
      const inner = await fileOutput(file(), false);
      return {
        write: async (chunk) => {
          await inner.write(chunk);
          look();
        },
        finish: () => inner.finish(),
        discard: () => inner.discard(),
      };
    };
    const wish = { withLog: true, lock: LOCK, signal: new AbortController().signal };
    const temporary = process.env.TMPDIR;
    process.env.TMPDIR = fresh.folder;
    try {
      await backUp(old.config, notRunning, wish, output);
    } finally {
      if (temporary === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporary;
    }
    look();
    assert.ok(looks > 10);
  });

  it('that is cut short leaves nothing behind', async () => {
    const ending = new AbortController();
    const output = async (): Promise<Output> => {
      const inner = await fileOutput(file(), false);
      return {
        write: async (chunk) => {
          ending.abort(new Error('asked to stop'));
          await inner.write(chunk);
        },
        finish: () => inner.finish(),
        discard: () => inner.discard(),
      };
    };
    const wish = { withLog: true, lock: LOCK, signal: ending.signal };
    await assert.rejects(backUp(old.config, notRunning, wish, output), /asked to stop/);
    assert.deepEqual(readdirSync(fresh.folder), ['snug.toml']);
  });

  it('of nothing is refused', async () => {
    await assert.rejects(backUpBox(fresh), { code: 'NO_RELAY' });
    assert.equal(existsSync(fresh.state), false);
  });

  it('is not restored over a relay, and says over which', async () => {
    await backUpBox(old, { file: file() });
    await restoreBox(fresh, file());
    const before = tree(fresh.state);
    await assert.rejects(restoreBox(fresh, file()), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'RELAY_EXISTS');
      assert.ok(error.message.includes(SOME_ONION));
      return true;
    });
    assert.deepEqual(tree(fresh.state), before);
  });

  it('can be restored so that nothing is waited for', async () => {
    await backUpBox(old, { file: file(), withLog: true });
    await restoreBox(fresh, file(), KEY, true);
    const relay = await openBoxRelay(fresh);
    await relay.follow(someFeed());
    await relay.close();
  });

  for (const moved of [[], ['invites'], ['invites', 'tor'], ['invites', 'tor', 'ssb']]) {
    it(`cut short after ${moved.length} moves keeps a relay from starting, until it is restored`, async () => {
      await backUpBox(old, { file: file() });
      await restoreBox(fresh, file());
      await refuseHalfRestored(fresh.state);
      mkdirSync(join(fresh.state, '.restoring'));
      for (const folder of ['invites', 'tor', 'ssb']) {
        if (moved.includes(folder)) continue;
        renameSync(join(fresh.state, folder), join(fresh.state, '.restoring', folder));
      }
      await assert.rejects(refuseHalfRestored(fresh.state), { code: 'RESTORE_UNFINISHED' });
      await restoreBox(fresh, file());
      await refuseHalfRestored(fresh.state);
      assert.deepEqual(readdirSync(fresh.state).sort(), ['invites', 'restored.toml', 'ssb', 'tor']);
    });
  }

  it("that was not yet whole when its restore was cut short is in nobody's way", async () => {
    mkdirSync(join(fresh.state, '.restoring.part', 'ssb'), { recursive: true });
    writeFileSync(join(fresh.state, '.restoring.part', 'ssb', 'secret'), 'half');
    const dies =
      "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))";
    const lock = join(fresh.state, '.restoring.sock');
    spawnSync(process.execPath, ['-e', dies, lock]);
    assert.ok(statSync(lock).isSocket());
    await refuseHalfRestored(fresh.state);
    await backUpBox(old, { file: file() });
    await restoreBox(fresh, file());
    assert.deepEqual(readdirSync(fresh.state).sort(), ['invites', 'restored.toml', 'ssb', 'tor']);
  });

  describe('while it is being restored', () => {
    /** Restores, and does something before everything is moved into place. */
    const restoring = (meanwhile: () => Promise<void>, refuseRunning = () => Promise.resolve()) =>
      restoreBackup({
        file: file(),
        key: KEY,
        state: fresh.state,
        publishAnyway: false,
        signal: new AbortController().signal,
        refuseRunning,
        isLedgerRecord,
        importLedger: async (folder, records) => {
          await importLedger(folder, records);
          await meanwhile();
        },
      });

    it('no relay starts and nothing else is restored there', async () => {
      await backUpBox(old, { file: file() });
      await restoring(async () => {
        await assert.rejects(refuseHalfRestored(fresh.state), { code: 'RESTORE_RUNNING' });
        await assert.rejects(restoreBox(fresh, file()), { code: 'RESTORE_RUNNING' });
      });
      await refuseHalfRestored(fresh.state);
      assert.deepEqual(readdirSync(fresh.state).sort(), ['invites', 'restored.toml', 'ssb', 'tor']);
    });

    it('a relay that has come all the same keeps its keys', async () => {
      await backUpBox(old, { file: file() });
      const key = join(fresh.state, 'tor', 'onion', 'hs_ed25519_secret_key');
      const meanwhile = async () => {
        mkdirSync(dirname(key), { recursive: true });
        writeFileSync(key, 'of a stranger');
      };
      await assert.rejects(restoring(meanwhile), { code: 'RELAY_EXISTS' });
      assert.equal(readFileSync(key, 'utf8'), 'of a stranger');
      assert.deepEqual(readdirSync(fresh.state), ['tor']);
    });

    it('a relay that answers at its end is noticed', async () => {
      await backUpBox(old, { file: file() });
      let running = false;
      const refuseRunning = async () => {
        if (running) throw new SnugError('STATE_IN_USE', 'A relay runs.');
      };
      const meanwhile = async () => {
        running = true;
      };
      await assert.rejects(restoring(meanwhile, refuseRunning), { code: 'STATE_IN_USE' });
      assert.equal(existsSync(fresh.state), false);
    });
  });

  it('has no codes, only their hashes', async () => {
    const desk = await openDesk(old);
    const text = JSON.stringify(await desk.export());
    assert.ok(text.includes(hashOf(contents.openCode)));
    assert.equal(text.includes(contents.openCode.slice(1, 44)), false);
    await desk.close();
  });
});
