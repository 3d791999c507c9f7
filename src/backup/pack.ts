import { createHash } from 'node:crypto';
import { createTarPacker, type TarPackController } from 'modern-tar';
import { END, KINDS, kindOf } from './entries.js';

/** One entry of an archive to be. */
export interface Entry {
  readonly name: string;
  /** In bytes, known before. */
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** @returns an entry of what is in memory */
export function entryOf(name: string, content: string | Buffer): Entry {
  const bytes = Buffer.from(content);
  return { name, size: bytes.length, body: [bytes] };
}

/** @returns its digest, SHA-256 in hexadecimal */
async function add(controller: TarPackController, { name, size, body }: Entry): Promise<string> {
  const kind = KINDS[kindOf(name)];
  if (kind === undefined || size > kind.most) throw new Error(`no archive may hold ${name}`);
  const hash = createHash('sha256');
  // The same for everybody: names of users and times are no one's business.
  const header = { name, size, mode: 0o600, mtime: new Date(0), type: 'file' as const };
  const writer = controller.add(header).getWriter();
  for await (const chunk of body) {
    hash.update(chunk);
    await writer.write(chunk);
  }
  await writer.close();
  return hash.digest('hex');
}

async function fill(controller: TarPackController, entries: AsyncIterable<Entry>): Promise<void> {
  const digests: Record<string, string> = {};
  let count = 0;
  for await (const entry of entries) {
    const digest = await add(controller, entry);
    count += 1;
    if (KINDS[kindOf(entry.name)]?.named !== true) digests[entry.name] = digest;
  }
  await add(controller, entryOf(END, JSON.stringify({ digests, entries: count })));
  controller.finalize();
}

/**
 * @param entries in the order of `KINDS`
 * @returns the archive, made no faster than it is read; its end tells that it is whole
 */
export function pack(entries: AsyncIterable<Entry>): ReadableStream<Uint8Array> {
  const { readable, controller } = createTarPacker();
  fill(controller, entries).catch((error: unknown) => controller.error(error));
  return readable;
}
