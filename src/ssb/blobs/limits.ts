const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;

/** What the operator decides about blobs, and what only tests change. */
export interface BlobLimits {
  /** Largest blob, in bytes. */
  readonly maxBytes: number;
  /** All blobs together, in bytes. */
  readonly totalBytes: number;
  /** Room that blobs leave on the disk, in bytes: messages and keys need it more. */
  readonly keepFreeBytes: number;
  /** How often a full disk is looked at again. */
  readonly diskCheckMs: number;
  /** A transfer may stand still this long; as often it is looked at whether it is fast enough. */
  readonly stallMs: number;
  /** When a blob was last used is written down at most this often. */
  readonly saveUseMs: number;
}

/** For everything that is not given. */
export const BLOB_LIMITS: BlobLimits = {
  maxBytes: 5 * MIB,
  totalBytes: 2000 * MIB,
  keepFreeBytes: 64 * MIB,
  diskCheckMs: 30_000,
  stallMs: 2 * MINUTE_MS,
  saveUseMs: MINUTE_MS,
};

/** Blobs that are fetched at a time, from all peers and from one. */
export const FETCHES = { most: 8, mostOfOne: 3 };
/** Peers that are remembered as having a blob that is wanted: the first may fail. */
export const OFFERS_PER_BLOB = 4;
/** Blobs that are served at a time, to all members and to one; more of one member wait in line. */
export const SERVINGS = { most: 48, mostOfOne: 4, mostWaiting: 256 };
/** Blobs that nobody had yet, asked for by all members and by one; the oldest are forgotten. */
export const WANTS = { most: 4096, mostOfOne: 256, lifetimeMs: 7 * 24 * 60 * MINUTE_MS };
/** New wants that one connection may make us pass on: at once, and then one each. */
export const NEWS = { burst: 256, everyMs: 1000 };
/** Blobs that one packet may name; those beyond are not read. */
export const NAMES_PER_PACKET = 4096;
/** ssb-blobs' default: how many hops a want may have come and still be cared for. */
export const SYMPATHY = 3;
