// The disk image, put together without loop devices or mounts: FAT for the firmware and the
// operator, ext4 for the system. MBR, because the ROM of Pi 3 and Zero 2 W reads nothing else.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { must, output, say } from './run.mjs';

const MIB = 1024 ** 2;
const GAP_MIB = 4;
const FAT_MIB = 256;
/** Free room on the root file system until the card's own size is used (first boot grows it). */
const SLACK_MIB = 96;

/** Identities that belong to one commit: the same again in another build of it. */
export function identities(epoch) {
  const hex = createHash('sha256').update(`snug card ${epoch}`).digest('hex');
  const uuid = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return {
    root: [...uuid, hex.slice(20, 32)].join('-'),
    fat: hex.slice(32, 40),
    disk: `0x${hex.slice(40, 48)}`,
  };
}

/** Sets every time of a tree to the epoch: builds of one commit differ in nothing else. */
async function clampTimes(tree, epoch) {
  await must('find', [tree, '-depth', '-exec', 'touch', '-h', '-d', `@${epoch}`, '{}', '+']);
}

async function makeFat({ from, file, id, epoch }) {
  rmSync(file, { force: true });
  const size = String((FAT_MIB * MIB) / 1024);
  const env = { SOURCE_DATE_EPOCH: String(epoch) };
  await must(
    'mkfs.vfat',
    ['-C', '--invariant', '-F', '32', '-n', 'RASPIFIRM', '-i', id, file, size],
    { env },
  );
  // m keeps the times of the tree, which are clamped.
  const names = readdirSync(from)
    .sort()
    .map((name) => join(from, name));
  await must('mcopy', ['-spmQ', '-i', file, ...names, '::'], { env });
}

/** @returns {Promise<number>} MiB that a tree takes, with the inodes and tables of its own */
async function sizeOf(tree) {
  const [kib] = (await output('du', ['-s', '--apparent-size', '-k', tree])).split('\t');
  const files = (await output('find', [tree, '-printf', '.'])).length;
  return Math.ceil((Number(kib) + files * 2.5) / 1024) + SLACK_MIB;
}

/**
 * mke2fs -d copies the change times and times of last access of the build; debugfs sets them.
 * @see docs of debugfs(8), set_inode_field
 */
async function clampInodes({ file, epoch, script, env }) {
  const stats = await output('dumpe2fs', ['-h', file]);
  const count = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(stats)?.[1]);
  const used = count('Inode count') - count('Free inodes');
  const lines = [];
  for (let inode = 2; inode <= used + 11; inode++) {
    for (const field of ['atime', 'ctime', 'mtime', 'crtime']) {
      lines.push(`sif <${inode}> ${field} @${epoch}`, `sif <${inode}> ${field}_extra 0`);
    }
  }
  writeFileSync(script, `${lines.join('\n')}\n`);
  // Without the clock of the build, the time of this change would stand in the superblock.
  await output('debugfs', ['-w', '-f', script, file], { env });
}

async function makeExt4({ from, file, uuid, epoch, scratch }) {
  rmSync(file, { force: true });
  writeFileSync(file, '');
  truncateSync(file, (await sizeOf(from)) * MIB);
  const env = { SOURCE_DATE_EPOCH: String(epoch), E2FSPROGS_FAKE_TIME: String(epoch) };
  const extended = `hash_seed=${uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0`;
  const features = '^metadata_csum_seed,^orphan_file';
  const args = ['-q', '-t', 'ext4', '-d', from, '-L', 'snug-root', '-U', uuid, '-m', '1'];
  await must('mke2fs', [...args, '-E', extended, '-O', features, file], { env });
  await clampInodes({ file, epoch, script: join(scratch, 'debugfs.txt'), env });
}

async function partition(file, rootMib, id) {
  const table = [
    'label: dos',
    `label-id: ${id}`,
    `start=${GAP_MIB}MiB, size=${FAT_MIB}MiB, type=c, bootable`,
    `start=${GAP_MIB + FAT_MIB}MiB, size=${rootMib}MiB, type=83`,
  ];
  await output('sfdisk', ['-q', file], { input: `${table.join('\n')}\n` });
}

/**
 * @param {object} wish tree (the whole file system); image (file to write); scratch; epoch
 * @returns {Promise<{ mib: number }>} size of the image
 */
export async function makeDisk({ tree, image, scratch, epoch }) {
  const ids = identities(epoch);
  const firmware = join(tree, 'boot', 'firmware');
  const fatTree = join(scratch, 'firmware');
  rmSync(fatTree, { recursive: true, force: true });
  await must('mv', [firmware, fatTree]);
  mkdirSync(firmware, { mode: 0o755 });
  await clampTimes(tree, epoch);
  await clampTimes(fatTree, epoch);
  say('making the file systems');
  const fat = join(scratch, 'fat.img');
  const ext4 = join(scratch, 'ext4.img');
  await makeFat({ from: fatTree, file: fat, id: ids.fat, epoch });
  await makeExt4({ from: tree, file: ext4, uuid: ids.root, epoch, scratch });
  const rootMib = statSync(ext4).size / MIB;
  if (existsSync(image)) rmSync(image);
  writeFileSync(image, '');
  const mib = GAP_MIB + FAT_MIB + rootMib;
  truncateSync(image, mib * MIB);
  await partition(image, rootMib, ids.disk);
  const put = (from, at) =>
    must('dd', [
      `if=${from}`,
      `of=${image}`,
      'bs=1M',
      `seek=${at}`,
      'conv=notrunc,sparse',
      'status=none',
    ]);
  await put(fat, GAP_MIB);
  await put(ext4, GAP_MIB + FAT_MIB);
  return { mib };
}
