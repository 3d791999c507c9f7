import assert from 'node:assert/strict';
import { execFile, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Decrypter, Encrypter } from 'age-encryption';
import { packTar, type TarEntry, unpackTar } from 'modern-tar';
import { ControlServer } from '../../src/control/server.js';
import {
  type Box,
  backUpBox,
  fillBox,
  freshBox,
  KEY,
  removeBox,
  restoreBox,
  tree,
  writeBlob,
} from '../support/backup-kit.js';
import { quiet } from '../support/invites-kit.js';

const run = promisify(execFile);
const PASSPHRASE = 'four words of a test';
const DAMAGES = 200;
const KILLS = 12;
const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : 'only root may mount a small disk';

/** mulberry32: the same places each time, so that a failure can be looked at again. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

async function seal(plain: Uint8Array | string, workFactor = 2): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(PASSPHRASE);
  encrypter.setScryptWorkFactor(workFactor);
  return await encrypter.encrypt(plain);
}

function contentOf({ body }: TarEntry): Buffer {
  return Buffer.from(body as Uint8Array);
}

/** As `snug backup` would write the end for these entries. */
function endOf(entries: readonly TarEntry[]): TarEntry {
  const digests = entries
    .filter(({ header }) => !header.name.includes('/blobs/'))
    .map((entry) => [
      entry.header.name,
      createHash('sha256').update(contentOf(entry)).digest('hex'),
    ]);
  const text = JSON.stringify({ digests: Object.fromEntries(digests), entries: entries.length });
  return file('end.json', text);
}

function file(name: string, content: string | Buffer, more: object = {}): TarEntry {
  const body = Buffer.from(content);
  return { header: { name, size: body.length, type: 'file', ...more }, body };
}

describe('a backup that is not sound', () => {
  let old: Box;
  let fresh: Box;
  let archive: string;
  let sound: Buffer;
  /** Its entries but the end. */
  let entries: TarEntry[];

  before(async () => {
    old = await freshBox();
    await fillBox(old);
    writeBlob(old, randomBytes(70_000));
    archive = await backUpBox(old, { withLog: true });
    sound = readFileSync(archive);
    const decrypter = new Decrypter();
    decrypter.addPassphrase(PASSPHRASE);
    const unpacked = await unpackTar(await decrypter.decrypt(sound));
    entries = unpacked
      .slice(0, -1)
      .map(({ header, data }) => file(header.name, Buffer.from(data ?? [])));
  });
  after(() => removeBox(old));
  beforeEach(async () => {
    fresh = await freshBox();
  });
  afterEach(() => removeBox(fresh));

  const put = (bytes: Uint8Array) => {
    const path = join(fresh.folder, 'some.age');
    writeFileSync(path, bytes);
    return path;
  };
  const refused = async (bytes: Uint8Array, codes: RegExp, why = /./) => {
    const before = tree(fresh.folder);
    const path = put(bytes);
    await assert.rejects(restoreBox(fresh, path), (error: Error & { code?: string }) => {
      assert.match(error.message, why);
      assert.match(error.code ?? error.stack ?? '', codes);
      assert.match(
        error.message + String((error as { hint?: unknown }).hint),
        /othing was changed/,
      );
      return true;
    });
    assert.equal(existsSync(fresh.state), false);
    assert.deepEqual(new Set(tree(fresh.folder).keys()), new Set([...before.keys(), 'some.age']));
  };
  /** A well-sealed archive of other entries. */
  const made = async (others: readonly TarEntry[]) =>
    await seal(await packTar([...others, endOf(others)]));
  const named = (name: string) => entries.findIndex(({ header }) => header.name === name);
  const withEntry = (name: string, entry: TarEntry) => entries.with(named(name), entry);

  it('is not this one', async () => {
    await restoreBox(fresh, put(await made(entries)));
    assert.ok(existsSync(join(fresh.state, 'ssb', 'flume', 'log.offset')));
  });

  it(`is refused in ${DAMAGES} ways of being damaged, and nothing is changed`, async () => {
    const random = seeded(20_260_601);
    for (let i = 0; i < DAMAGES; i += 1) {
      const bytes = Buffer.from(sound);
      const at = random(bytes.length);
      if (i % 2 === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      const damaged = i % 2 === 0 ? bytes : bytes.subarray(0, at);
      await refused(damaged, /^ARCHIVE_(DAMAGED|FOREIGN|LOCKED)$/);
    }
  });

  it('is refused when it is cut between two pieces, or goes on behind its end', async () => {
    // Pieces of 64 KiB and 16 bytes follow a header and a nonce of 16 bytes.
    const header = sound.indexOf('\n', sound.indexOf('\n--- ') + 1) + 1 + 16;
    await refused(sound.subarray(0, header), /DAMAGED/);
    await refused(sound.subarray(0, header + 65_552), /DAMAGED/);
    await refused(Buffer.concat([sound, Buffer.alloc(1)]), /DAMAGED/);
    await refused(Buffer.concat([sound, sound]), /DAMAGED/);
  });

  it('is refused with the wrong passphrase', async () => {
    const path = put(sound);
    await assert.rejects(restoreBox(fresh, path, { passphrase: `${PASSPHRASE}!` }), {
      code: 'ARCHIVE_LOCKED',
    });
    assert.equal(existsSync(fresh.state), false);
  });

  it('is refused when it is something else', async () => {
    await refused(Buffer.alloc(0), /^ARCHIVE_(FOREIGN|DAMAGED)$/);
    await refused(randomBytes(5000), /FOREIGN/);
    await refused(Buffer.from('age-encryption.org/v1\n'), /DAMAGED/);
    await refused(
      Buffer.from(`age-encryption.org/v1\n${'x'.repeat(3_000_000)}`),
      /FOREIGN|DAMAGED/,
    );
    await refused(Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----\n'), /FOREIGN/);
    await refused(await packTar(entries), /FOREIGN/);
    await refused(await seal('only a letter'), /DAMAGED/);
    await refused(await seal(await packTar([file('letter.txt', 'dear Ada')])), /DAMAGED/);
    await refused(await made(withEntry('manifest.json', file('manifest.json', '{}'))), /FOREIGN/);
    await assert.rejects(restoreBox(fresh, fresh.folder), { code: 'ARCHIVE_FOREIGN' });
    await assert.rejects(restoreBox(fresh, join(fresh.folder, 'no-such')), { code: 'NOT_READ' });
  });

  it('is refused when checking its passphrase would take all memory', async () => {
    const greedy = sound.toString('latin1').replace(/^(-> scrypt \S+ )2$/m, '$120');
    await refused(Buffer.from(greedy, 'latin1'), /FOREIGN/);
  });

  it('is refused when it is of a newer version, and says which', async () => {
    const manifest = JSON.parse(contentOf(entries[0] as TarEntry).toString()) as object;
    const newer = JSON.stringify({ ...manifest, format: 2, version: '9.0.0' });
    const path = put(await made(withEntry('manifest.json', file('manifest.json', newer))));
    await assert.rejects(
      restoreBox(fresh, path),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'ARCHIVE_TOO_NEW');
        assert.match(error.hint ?? '', /9\.0\.0/);
        return true;
      },
    );
  });

  const hostile: readonly (readonly [string, RegExp, () => readonly TarEntry[]])[] = [
    ['a path that leads out', /no backup holds/, () => [...entries, file('../../escaped', 'x')]],
    ['an absolute path', /no backup holds/, () => [...entries, file('/tmp/escaped', 'x')]],
    ['a name that no backup has', /no backup holds/, () => [...entries, file('ssb/config', 'x')]],
    [
      'a symbolic link',
      /no plain file/,
      () =>
        withEntry(
          'ssb/secret',
          file('ssb/secret', '', { type: 'symlink', linkname: '/etc/passwd' }),
        ),
    ],
    [
      'a hard link',
      /no plain file/,
      () =>
        withEntry('ssb/secret', file('ssb/secret', '', { type: 'link', linkname: '/etc/passwd' })),
    ],
    ['a folder', /no backup holds/, () => [...entries, file('ssb/', '', { type: 'directory' })]],
    [
      'a key twice',
      /not in order/,
      () => entries.toSpliced(named('ssb/secret'), 0, entries[named('ssb/secret')] as TarEntry),
    ],
    [
      'its parts in another order',
      /not in order/,
      () => [entries[0] as TarEntry, ...entries.slice(1).reverse()],
    ],
    ['no secret', /missing/, () => entries.filter(({ header }) => header.name !== 'ssb/secret')],
    ['no ledger', /missing/, () => entries.filter(({ header }) => header.name !== 'invites.json')],
    [
      'a key that is too large',
      /no fit size/,
      () => withEntry('ssb/secret', file('ssb/secret', 'x'.repeat(5000))),
    ],
    [
      'an onion key that is too short',
      /no fit size/,
      () =>
        withEntry('tor/onion/hs_ed25519_secret_key', file('tor/onion/hs_ed25519_secret_key', 'x')),
    ],
    [
      'the key of another relay',
      /not those of the relay/,
      () => withEntry('ssb/secret', file('ssb/secret', '{"id":"@x"}')),
    ],
    [
      'another onion',
      /not those of the relay/,
      () =>
        withEntry('tor/onion/hostname', file('tor/onion/hostname', `${'a'.repeat(56)}.onion\n`)),
    ],
    [
      'a ledger that is none',
      /records of invites/,
      () => withEntry('invites.json', file('invites.json', '[["!invites!x", 3]]')),
    ],
    [
      'a record of the own feed that differs',
      /own feed/,
      () =>
        withEntry(
          'ssb/own-feed.json',
          file('ssb/own-feed.json', '{"sequence":1,"id":null,"members":[]}'),
        ),
    ],
    [
      'a blob that is another',
      /a blob is not/,
      () => {
        const i = entries.findIndex(({ header }) => header.name.includes('/blobs/'));
        return entries.with(i, file(entries[i]?.header.name ?? '', 'not that picture'));
      },
    ],
  ];
  for (const [what, why, others] of hostile) {
    it(`is refused with ${what}`, async () => refused(await made(others()), /DAMAGED/, why));
  }

  it('is refused when its end does not fit, or is missing', async () => {
    await refused(await seal(await packTar(entries)), /DAMAGED/);
    const other = [...entries, endOf(entries.slice(1))];
    await refused(await seal(await packTar(other)), /DAMAGED/);
    const swapped = withEntry('config.toml', file('config.toml', 'title = "x"'));
    await refused(await seal(await packTar([...swapped, endOf(entries)])), /DAMAGED/);
  });

  it('or a sound one is not restored while a relay runs', async () => {
    mkdirSync(join(fresh.folder, 'run'));
    const socket = join(fresh.folder, 'run', 'control.sock');
    const server = new ControlServer({ socket, methods: {}, log: quiet });
    await server.start();
    await assert.rejects(restoreBox(fresh, archive), { code: 'STATE_IN_USE' });
    await server.stop();
    assert.equal(existsSync(fresh.state), false);
  });

  it('can be restored again after a restore that was killed at any moment', async () => {
    const child = new URL('../support/restore-child.js', import.meta.url);
    const args = [join(fresh.folder, 'snug.toml'), archive, PASSPHRASE];
    const random = seeded(7);
    const begin = performance.now();
    const whole = fork(child, args, { stdio: 'ignore' });
    await once(whole, 'exit');
    const takes = performance.now() - begin;
    const expected = [...tree(fresh.state).keys()].filter((name) => !name.startsWith('invites/'));
    for (let kill = 0; kill < KILLS; kill += 1) {
      const box = await freshBox();
      const dying = fork(child, [join(box.folder, 'snug.toml'), archive, PASSPHRASE], {
        stdio: 'ignore',
      });
      const exit = once(dying, 'exit');
      const timer = setTimeout(() => dying.kill('SIGKILL'), takes * (0.4 + random(60) / 100));
      await exit;
      clearTimeout(timer);
      await restoreBox(box, archive).catch((error: { code?: string }) => {
        // It was whole before the kill came.
        assert.equal(error.code, 'RELAY_EXISTS');
      });
      const names = [...tree(box.state).keys()].filter((name) => !name.startsWith('invites/'));
      assert.deepEqual(names.sort(), expected.sort());
      for (const name of ['ssb/secret', 'ssb/own-feed.json', 'ssb/flume/log.offset']) {
        assert.deepEqual(
          readFileSync(join(box.state, name)),
          readFileSync(join(fresh.state, name)),
        );
      }
      removeBox(box);
    }
  });

  describe('because the disk is full', { skip }, () => {
    let disk: string;
    beforeEach(async () => {
      disk = join(fresh.folder, 'disk');
      mkdirSync(disk);
      await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    });
    afterEach(async () => {
      await run('umount', ['--lazy', disk]);
      rmdirSync(disk);
    });

    it('is not written, and nothing is left of it', async () => {
      const target = join(disk, 'backup.age');
      await assert.rejects(backUpBox(old, { file: target, withLog: true }), { code: 'DISK_FULL' });
      assert.deepEqual(readdirSync(disk), []);
    });

    it('is not restored, and nothing is left of it', async () => {
      const small = await freshBox(disk);
      await assert.rejects(restoreBox(small, archive, KEY), { code: 'DISK_FULL' });
      assert.deepEqual(readdirSync(disk), ['snug.toml']);
    });
  });
});
