// A card for the emulator: a copy of the image as if it had been written to a larger card, with what
// an operator writes on its FAT partition, and a few files that only tests put on the other one.
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, output } from '../lib/run.mjs';

const MIB = 1024 ** 2;
/** As image/lib/disk.mjs lays it out. */
const FAT_AT = '4M';
const ROOT_AT_MIB = 260;
const CARD_MIB = 4096;

/** The FAT partition of an image, for mtools. */
const fatOf = (disk) => `${disk}@@${FAT_AT}`;

/** @returns {Promise<string[]>} names in the FAT partition's root */
export async function listFat(disk) {
  return (await output('mdir', ['-b', '-i', fatOf(disk), '::'])).split('\n').filter(Boolean);
}

/** Writes a file on the FAT partition, as an operator does. */
export async function putOnFat(disk, name, text) {
  await output('mcopy', ['-D', 'o', '-i', fatOf(disk), '-', `::${name}`], { input: text });
}

/** @returns {Promise<string>} a file of the FAT partition */
export async function readFat(disk, name) {
  return output('mtype', ['-i', fatOf(disk), `::${name}`]);
}

/** Copies kernel, initramfs and device tree out, since the emulator has no boot loader. */
export async function takeBootFiles(disk, folder) {
  const names = (await listFat(disk)).map((name) => name.replace(/^::\//, ''));
  const kernel = names.find((name) => name.startsWith('vmlinuz-'));
  const initrd = names.find((name) => name.startsWith('initrd.img-'));
  const dtb = 'bcm2837-rpi-3-b.dtb';
  for (const name of [kernel, initrd, dtb]) {
    await must('mcopy', ['-n', '-o', '-i', fatOf(disk), `::${name}`, folder]);
  }
  return { kernel: join(folder, kernel), initrd: join(folder, initrd), dtb: join(folder, dtb) };
}

/**
 * Puts files on the root file system of a card that has not booted yet.
 * @param {Record<string, string | Buffer>} files by absolute path; a text `-> path` is a link
 */
async function putOnRoot(disk, files, folder) {
  const part = join(folder, 'root.ext4');
  const rootMib = statSync(disk).size / MIB - ROOT_AT_MIB;
  const dd = ['bs=1M', 'conv=notrunc,sparse', 'status=none'];
  await must('dd', [`if=${disk}`, `of=${part}`, `skip=${ROOT_AT_MIB}`, `count=${rootMib}`, ...dd]);
  const commands = [];
  for (const [i, [path, content]] of Object.entries(files).entries()) {
    const parents = path.split('/').slice(1, -1);
    parents.forEach((_, n) => {
      commands.push(`mkdir /${parents.slice(0, n + 1).join('/')}`);
    });
    if (String(content).startsWith('-> ')) {
      commands.push(`symlink ${path} ${content.slice(3)}`);
      continue;
    }
    const source = join(folder, `file-${i}`);
    writeFileSync(source, content);
    commands.push(`write ${source} ${path}`, `sif ${path} mode 0100644`);
    commands.push(`sif ${path} uid 0`, `sif ${path} gid 0`);
  }
  // Folders that are there already are complained about, and nothing else.
  const script = join(folder, 'debugfs.txt');
  writeFileSync(script, `${commands.join('\n')}\n`);
  await output('debugfs', ['-w', '-f', script, part]);
  await must('dd', [`if=${part}`, `of=${disk}`, `seek=${ROOT_AT_MIB}`, ...dd]);
}

/**
 * @param {object} wish image (file); folder (of this card alone); settings (text of snug.toml);
 *   files (of the root file system, by path)
 * @returns {Promise<{ disk: string, kernel: string, initrd: string, dtb: string }>}
 */
export async function makeCard({ image, folder, settings, files }) {
  mkdirSync(folder, { recursive: true });
  const disk = join(folder, 'card.img');
  await must('cp', ['--sparse=always', image, disk]);
  if (settings !== undefined) await putOnFat(disk, 'snug.toml', settings);
  if (files !== undefined) await putOnRoot(disk, files, folder);
  const boot = await takeBootFiles(disk, folder);
  truncateSync(disk, CARD_MIB * MIB);
  return { disk, ...boot };
}
