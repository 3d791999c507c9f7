/** What the status needs to know of members' blobs. */
export interface BlobView {
  readonly count: number;
  readonly bytes: number;
  readonly totalBytes: number;
  /** Blobs that somebody asked for and nobody has brought yet. */
  readonly wanted: number;
  readonly fetching: number;
  /** Why no blobs are taken in, if so. */
  readonly pause: 'disk-full' | 'disk-broken' | undefined;
}

const MIB = 1024 * 1024;

const PAUSES = {
  'disk-full':
    'Make room on the disk, or lower total_mb in [blobs] and start again: it is so full that no more blobs are taken in. They come again by themselves when there is room.',
  'disk-broken':
    'Look at the disk: blobs cannot be written to it, so none are taken in. It is tried again all the time.',
} as const;

/** @returns so many bytes in MB, with a digit after the point where that matters */
export function megabytes(bytes: number): string {
  return (bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0);
}

/** @returns the line of blobs for people */
export function blobLine(blobs: BlobView): string {
  const { count, bytes, totalBytes, wanted, fetching } = blobs;
  const kept = `${count} kept, ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`;
  return `Blobs     ${kept}; ${wanted} wanted, ${fetching} on their way`;
}

/** @returns what somebody should do about blobs, in words */
export function blobTodo(blobs: BlobView | undefined): string[] {
  return blobs?.pause === undefined ? [] : [PAUSES[blobs.pause]];
}
