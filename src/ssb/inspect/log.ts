import { type FileHandle, open } from 'node:fs/promises';
import { codeOf } from '../../support/errors.js';

/** What the log of all messages looks like on the disk. Offsets and sizes in bytes. */
export interface LogShape {
  readonly bytes: number;
  /** Whole records from the beginning. */
  readonly records: number;
  /** Where the last of them begins; -1 without any. */
  readonly last: number;
  /** After the last whole record; the relay cuts that off when it opens the log. */
  readonly torn: number;
  /** Where a record is damaged that others follow. */
  readonly broken: number | undefined;
  /** Records whose frame is sound and whose content is no message. */
  readonly unreadable: number;
}

/**
 * flumelog-offset 3 (frame/recoverable.js): length, data, length again, and the offset of the
 * record's end, each number big-endian with 32 bits.
 */
const FRAME = 12;
const NUMBER = 4;
/** A message has 8 kB; what claims much more is no record. */
const LONGEST = 1024 * 1024;
const WINDOW = 4 * 1024 * 1024;

/** Reads a file in large pieces, whatever small ones are asked for. */
class Reader {
  readonly #handle: FileHandle;
  readonly size: number;
  #window = Buffer.alloc(0);
  #at = 0;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /** @returns the bytes, fewer at the end of the file */
  async bytes(from: number, length: number): Promise<Buffer> {
    const inside = from >= this.#at && from + length <= this.#at + this.#window.length;
    if (!inside) await this.#load(from, length);
    return this.#window.subarray(from - this.#at, from - this.#at + length);
  }

  async number(from: number): Promise<number> {
    const bytes = await this.bytes(from, NUMBER);
    return bytes.length === NUMBER ? bytes.readUInt32BE(0) : -1;
  }

  async #load(from: number, length: number): Promise<void> {
    const wanted = Math.min(Math.max(length, WINDOW), this.size - from);
    const window = Buffer.alloc(Math.max(0, wanted));
    const { bytesRead } = await this.#handle.read(window, 0, window.length, from);
    this.#window = window.subarray(0, bytesRead);
    this.#at = from;
  }
}

/** @returns the data of the whole record that begins there, or undefined */
async function recordAt(reader: Reader, from: number): Promise<Buffer | undefined> {
  const length = await reader.number(from);
  const end = from + length + FRAME;
  if (length < 0 || length > LONGEST || end > reader.size) return undefined;
  const frame = await reader.bytes(from, length + FRAME);
  const sound =
    frame.readUInt32BE(NUMBER + length) === length &&
    frame.readUInt32BE(2 * NUMBER + length) === end;
  return sound ? frame.subarray(NUMBER, NUMBER + length) : undefined;
}

function isMessage(data: Buffer): boolean {
  // A deleted message is overwritten with zeros (frame/recoverable.js, overwrite).
  if (data.every((byte) => byte === 0)) return true;
  try {
    const { key, value } = JSON.parse(data.toString('utf8')) as { key?: unknown; value?: unknown };
    return typeof key === 'string' && typeof value === 'object';
  } catch {
    return false;
  }
}

/** @returns the last place that says of itself that a record ends there, as the log is opened */
async function lastEnd(reader: Reader, after: number): Promise<number> {
  for (let end = reader.size; end > after; end -= 1) {
    // Read forward in windows while going backward would load each window many times.
    const from = Math.max(after, end - WINDOW / 2);
    const piece = await reader.bytes(from, end - from);
    for (; end - from >= NUMBER; end -= 1) {
      if (piece.readUInt32BE(end - from - NUMBER) === end) return end;
    }
  }
  return after;
}

/**
 * Reads the whole log, record by record, while no relay writes to it.
 *
 * @param file `log.offset` in the folder `flume` of the database
 * @param each gets every message before any damage, in order; its bytes are good for that call
 * @returns its shape; undefined when there is none yet
 */
export async function inspectLog(
  file: string,
  each: (data: Buffer) => void = () => undefined,
): Promise<LogShape | undefined> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    return await shapeOf(new Reader(handle, (await handle.stat()).size), each);
  } finally {
    await handle.close();
  }
}

async function shapeOf(reader: Reader, each: (data: Buffer) => void): Promise<LogShape> {
  let at = 0;
  let records = 0;
  let last = -1;
  let unreadable = 0;
  while (at < reader.size) {
    const data = await recordAt(reader, at);
    if (data === undefined) break;
    if (isMessage(data)) each(data);
    else unreadable += 1;
    records += 1;
    last = at;
    at += data.length + FRAME;
  }
  const followed = at < reader.size && (await lastEnd(reader, at)) > at;
  const broken = followed ? at : undefined;
  return {
    bytes: reader.size,
    records,
    last,
    torn: followed ? 0 : reader.size - at,
    broken,
    unreadable,
  };
}
