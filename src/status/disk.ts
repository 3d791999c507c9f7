import { statfs } from 'node:fs/promises';

/** The disk that the state folder lies on. */
export interface DiskView {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** As df(1) counts: what root keeps for itself belongs to nobody. */
  readonly usedPercent: number;
}

/** Above this many percent somebody should look. */
export const FULL_PERCENT = 90;
const GB = 1e9;

/** @returns how full the disk is, or undefined when that cannot be found out */
export async function readDisk(folder: string): Promise<DiskView | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  if (found === undefined || found.blocks === 0) return undefined;
  const { bsize, blocks, bfree, bavail } = found;
  const used = blocks - bfree;
  const usedPercent = Math.ceil((used / Math.max(1, used + bavail)) * 100);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, usedPercent };
}

/** @returns whether it is so full that somebody should look */
export function isFull(disk: DiskView | undefined): disk is DiskView {
  return disk !== undefined && disk.usedPercent > FULL_PERCENT;
}

/** @returns the line of the disk for people */
export function diskLine({ freeBytes, totalBytes, usedPercent }: DiskView): string {
  const gigabytes = (bytes: number) => (bytes / GB).toFixed(1);
  return `Disk      ${gigabytes(freeBytes)} of ${gigabytes(totalBytes)} GB free (${usedPercent} % used)`;
}

/** @returns what somebody should do about the disk, in words */
export function diskTodo(disk: DiskView | undefined): string[] {
  if (!isFull(disk)) return [];
  return [
    `Make room: the disk is ${disk.usedPercent} % full. Lower log_mb in [feeds] or total_mb in [blobs], or move to a larger card.`,
  ];
}
