import { createHash } from 'node:crypto';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { SnugError } from '../support/errors.js';
import { END, type EntryKind, HOSTNAME, KINDS, kindOf, MANIFEST, SECRET } from './entries.js';
import { endSchema, isKeyOf, type Manifest, parseAs, parseManifest } from './manifest.js';
import { damaged } from './problems.js';

/** Takes the bytes of one entry. */
export interface EntryWriter {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** An archive that was read to its end and is sound. */
export interface Unpacked {
  readonly manifest: Manifest;
  /** The small entries, by name. */
  readonly kept: ReadonlyMap<string, Buffer>;
  /** Bytes of all entries. */
  readonly bytes: number;
}

/** Reads an archive, and believes nothing of it but what the list of entries allows. */
class Reader {
  readonly #open: (name: string, size: number) => Promise<EntryWriter | undefined>;
  readonly #kept = new Map<string, Buffer>();
  readonly #digests = new Map<string, string>();
  readonly #counts = new Map<number, number>();
  #kind = -1;
  #name = '';
  #entries = 0;
  #bytes = 0;

  constructor(open: (name: string, size: number) => Promise<EntryWriter | undefined>) {
    this.#open = open;
  }

  async take({ header, body }: ParsedTarEntry): Promise<void> {
    const { name, size } = header;
    const kind = this.#admit(header);
    const hash = createHash('sha256');
    const chunks: Uint8Array[] = [];
    const writer = await this.#open(name, size);
    for await (const chunk of body) {
      hash.update(chunk);
      if (kind.kept === true) chunks.push(chunk);
      await writer?.write(chunk);
    }
    await writer?.close();
    this.#bytes += size;
    this.#note(name, kind, hash.digest('hex'));
    if (kind.kept === true) this.#kept.set(name, Buffer.concat(chunks));
    // At once: there may be gigabytes behind it that this version does not understand.
    if (name === MANIFEST) parseManifest(this.#part(MANIFEST));
  }

  /** @throws SnugError ARCHIVE_DAMAGED unless it is all there and fits together */
  finish(): Unpacked {
    const missing = KINDS.find(({ required }, i) => required === true && !this.#counts.has(i));
    if (missing !== undefined) throw damaged('a part of it is missing');
    const { digests, entries } = parseAs(endSchema, this.#part(END));
    const listed = Object.entries(digests);
    const agree = listed.every(([name, digest]) => this.#digests.get(name) === digest);
    if (!agree || listed.length !== this.#digests.size || entries !== this.#entries - 1) {
      throw damaged('its parts are not those that its end names');
    }
    const manifest = parseManifest(this.#part(MANIFEST));
    this.#compare(manifest);
    return { manifest, kept: this.#kept, bytes: this.#bytes };
  }

  #part(name: string): Buffer {
    return this.#kept.get(name) ?? Buffer.alloc(0);
  }

  /** Strictly in order, so nothing comes twice; plain files only, so nothing leads elsewhere. */
  #admit({ name, size, type, linkname, pax }: ParsedTarEntry['header']): EntryKind {
    const place = kindOf(name);
    const kind = KINDS[place];
    if (kind === undefined) throw damaged('it holds what no backup holds');
    if (type !== 'file' || linkname || pax !== undefined) throw damaged('it holds no plain file');
    if (!(size >= (kind.least ?? 0) && size <= kind.most)) throw damaged('a part has no fit size');
    if (this.#entries === 0 && name !== MANIFEST) throw damaged('its beginning is missing');
    if (place < this.#kind || (place === this.#kind && name <= this.#name)) {
      throw damaged('its parts are not in order');
    }
    const count = (this.#counts.get(place) ?? 0) + 1;
    if (count > (kind.count ?? 1)) throw damaged('it holds too many parts of a kind');
    this.#counts.set(place, count);
    this.#kind = place;
    this.#name = name;
    this.#entries += 1;
    return kind;
  }

  #note(name: string, kind: EntryKind, digest: string): void {
    if (kind.named === true) {
      if (name.replaceAll('/', '').endsWith(digest)) return;
      throw damaged('a blob is not the one that its name promises');
    }
    if (name !== END) this.#digests.set(name, digest);
  }

  #compare({ feed, host }: Manifest): void {
    const isOwn = isKeyOf(feed, this.#part(SECRET));
    if (isOwn && this.#part(HOSTNAME).toString('utf8').trim() === host) return;
    throw damaged('its keys are not those of the relay that it names');
  }
}

/**
 * Reads an archive to its end.
 *
 * @param plain the archive, decrypted
 * @param open told of each entry once its name and size are known to be allowed; may take its bytes
 * @returns what it is, once all of it is authenticated and fits together
 * @throws SnugError ARCHIVE_DAMAGED, ARCHIVE_FOREIGN, ARCHIVE_TOO_NEW, what `open` throws, or what
 *   the stream throws
 */
export async function unpack(
  plain: ReadableStream<Uint8Array>,
  open: (name: string, size: number) => Promise<EntryWriter | undefined> = async () => undefined,
): Promise<Unpacked> {
  const reader = new Reader(open);
  const entries = plain.pipeThrough(createTarDecoder({ strict: true }));
  for await (const entry of entries) {
    try {
      await reader.take(entry);
    } catch (error) {
      if (!(error instanceof SnugError)) throw error;
      await entry.body.cancel().catch(() => undefined);
      throw error;
    }
  }
  return reader.finish();
}
