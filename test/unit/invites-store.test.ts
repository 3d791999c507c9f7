import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ClassicLevel } from 'classic-level';
import { InviteDesk } from '../../src/invites/desk.js';
import type { SnugError } from '../../src/support/errors.js';
import { type Child, startChild } from '../support/invites-child.js';
import {
  deskOptions,
  keyOf,
  openDesk,
  realMint,
  someFeed,
  temporaryFolder,
} from '../support/invites-kit.js';

async function allBytes(folder: string): Promise<Buffer> {
  const names = await readdir(folder);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
}

/** @param bytes that one file of the child may have from now on */
async function limitFiles(child: Child, bytes: number | 'unlimited'): Promise<void> {
  await promisify(execFile)('prlimit', [`--pid=${child.process.pid}`, `--fsize=${bytes}:`]);
}

test('neither code nor seed nor public key is in the database, only the hash', async (t) => {
  const folder = await temporaryFolder(t);
  const seeds: Buffer[] = [];
  const mint = (seed: Buffer) => {
    seeds.push(Buffer.from(seed));
    return realMint(seed);
  };
  const { desk } = await openDesk(t, deskOptions(folder, { mint }));
  const { code } = await desk.create({ note: 'a note to find' });
  const solved = await desk.solve(desk.pose('abcd'), 'abcd');
  assert.ok(solved.outcome === 'code');
  const codes = [code, solved.code];
  await desk.redeem(keyOf(code), someFeed());
  await desk.mayRedeem(keyOf(solved.code));
  await desk.close();
  // Compacted tables are compressed, which could hide what is looked for: read the records as well.
  const level = new ClassicLevel(folder);
  const records = Buffer.from(JSON.stringify(await level.iterator().all()));
  await level.close();
  const haystack = Buffer.concat([await allBytes(folder), records]);
  assert.ok(haystack.includes('a note to find'));
  const publicKeys = codes.map((text) => Buffer.from(keyOf(text).slice(1, 45), 'base64'));
  for (const secret of [...seeds, ...publicKeys]) {
    for (const form of [secret, secret.toString('base64').slice(0, 43), secret.toString('hex')]) {
      assert.ok(!haystack.includes(form));
    }
  }
  const hash = createHash('sha256').update(keyOf(code)).digest('hex');
  assert.ok(haystack.includes(hash));
});

test('asking with unknown keys writes nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const { desk } = await openDesk(t, deskOptions(folder));
  await desk.create();
  const before = await allBytes(folder);
  for (let i = 0; i < 200; i += 1) assert.equal(await desk.mayRedeem(someFeed()), false);
  assert.ok((await allBytes(folder)).equals(before));
});

test('a second desk on one folder is refused, until the first is closed', async (t) => {
  const folder = await temporaryFolder(t);
  const { desk } = await openDesk(t, deskOptions(folder));
  await assert.rejects(InviteDesk.open(deskOptions(folder)), { code: 'STATE_IN_USE' });
  const child = startChild(t, { folder: join(folder, 'other'), log: '', action: 'solve' });
  await child.line('open');
  const taken = deskOptions(join(folder, 'other'));
  await assert.rejects(InviteDesk.open(taken), { code: 'STATE_IN_USE' });
  await desk.close();
  await (await InviteDesk.open(deskOptions(folder))).close();
});

test("the folder is made for the relay's eyes only, also when it was there with other rights", async (t) => {
  const parent = await temporaryFolder(t);
  const made = join(parent, 'a', 'b');
  const found = join(parent, 'found');
  await mkdir(found);
  await chmod(found, 0o755);
  for (const folder of [made, found]) {
    await openDesk(t, deskOptions(folder));
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
  }
});

type Damage = (folder: string) => Promise<void>;

const damages: Record<string, Damage> = {
  'its CURRENT missing': (folder) => rm(join(folder, 'CURRENT')),
  'nonsense in CURRENT': (folder) => writeFile(join(folder, 'CURRENT'), 'nonsense'),
  'its manifest overwritten': async (folder) => {
    const manifest = (await readdir(folder)).find((name) => name.startsWith('MANIFEST'));
    await writeFile(join(folder, String(manifest)), Buffer.alloc(64, 7));
  },
  'a ban that is no ban': async (folder) => {
    const level = new ClassicLevel(folder);
    await level.sublevel('bans').put('x', '{"feed":"@nobody"}');
    await level.close();
  },
  'a budget that is no JSON': async (folder) => {
    const level = new ClassicLevel(folder);
    await level.sublevel('budget').put('visitors', '{"tokens":');
    await level.close();
  },
};

for (const [what, damage] of Object.entries(damages)) {
  test(`a database with ${what} is refused with a clear error and left alone`, async (t) => {
    const folder = await temporaryFolder(t);
    const { desk } = await openDesk(t, deskOptions(folder));
    await desk.create();
    await desk.close();
    await damage(folder);
    for (let i = 0; i < 2; i += 1) {
      await assert.rejects(InviteDesk.open(deskOptions(folder)), (error: SnugError) => {
        assert.equal(error.code, 'STATE_DAMAGED');
        assert.ok(error.message.includes(folder) && error.hint !== undefined);
        return true;
      });
    }
  });
}

test('after a full disk got room again, what is stored is read before anybody writes', async (t) => {
  const child = startChild(t, { folder: await temporaryFolder(t), log: '', action: 'read' });
  await child.line('made');
  await limitFiles(child, 0);
  child.process.stdin?.write('go on\n');
  assert.equal(await child.line('full'), 'full DISK_FULL');
  await limitFiles(child, 'unlimited');
  child.process.stdin?.write('go on\n');
  assert.equal(await child.line('roomy'), 'roomy 1 codes,1 codes');
});

test('what is promised after a full disk got room again survives kill -9', async (t) => {
  const folder = await temporaryFolder(t);
  const child = startChild(t, { folder, log: '', action: 'fill' }, 16);
  assert.equal(await child.line('full'), 'full DISK_FULL');
  await limitFiles(child, 'unlimited');
  child.process.stdin?.write('go on\n');
  const listedThere = await child.line('listed');
  const made = (await child.line('made')).split(' ').slice(1);
  assert.equal(listedThere, `listed ${made.length}`);
  await child.kill();
  const { desk } = await openDesk(t, deskOptions(folder));
  const listed = new Set((await desk.list()).map(({ id }) => id));
  assert.deepEqual(
    made.filter((id) => !listed.has(id)),
    [],
  );
});
