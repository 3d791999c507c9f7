import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../support/errors.js';
import type { Check, Found } from './finding.js';

const MIB = 1024 * 1024;
/** Beyond this the operator should look, in per cent. */
const MOST_USED = 90;
const FEWEST_FILES = 1000;

/** What is known of a disk; files are undefined where the file system does not count them. */
export interface DiskView {
  readonly bytes: number;
  readonly free: number;
  readonly filesFree: number | undefined;
}

/** @returns the disk on which the folder lies, or will lie once it is made */
async function diskOf(folder: string): Promise<DiskView> {
  try {
    const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(folder);
    const filesFree = files > 0 ? ffree : undefined;
    // Without what is kept for root, as df counts.
    return { bytes: (blocks - bfree + bavail) * bsize, free: bavail * bsize, filesFree };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    return diskOf(dirname(folder));
  }
}

function full(folder: string, free: number): Found {
  return {
    grave: true,
    what: `The disk of ${folder} is full: ${Math.floor(free / MIB)} MB are free.`,
    reason: 'The relay takes in no new messages, to have room for its own.',
    remedy: 'Make room on it, or lower log_mb in [feeds] and total_mb in [blobs].',
  };
}

function nearlyFull(folder: string, used: number, free: number): Found {
  return {
    grave: false,
    what: `The disk of ${folder} is ${Math.floor(used)} % full: ${Math.floor(free / MIB)} MB are free.`,
    reason: 'When it is full, the relay takes in no new messages.',
    remedy: 'Make room on it, or lower log_mb in [feeds] and total_mb in [blobs].',
  };
}

/**
 * @param folder of the state
 * @param reserveMb megabytes below which the relay pauses (`reserve_mb` in [limits])
 * @param read tells of a disk; another only in tests
 */
export function diskSpace(folder: string, reserveMb: number, read = diskOf): Check {
  return {
    name: 'disk',
    async look() {
      const { bytes, free, filesFree } = await read(folder);
      const used = 100 - (100 * free) / bytes;
      const found: Found[] = [];
      if (free < reserveMb * MIB) found.push(full(folder, free));
      else if (used > MOST_USED) found.push(nearlyFull(folder, used, free));
      if (filesFree !== undefined && filesFree < FEWEST_FILES) {
        found.push({
          grave: true,
          what: `The disk of ${folder} has no room for more files (${filesFree} left).`,
          reason: 'Each blob is a file, and indexes are some; none can be made.',
          remedy: 'Remove files that you do not need, here or elsewhere on that disk.',
        });
      }
      return found;
    },
  };
}
