import { createHash, type KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress } from 'node:zlib';
import { packTar, type TarSource } from 'modern-tar/fs';
import { encodeHeader, type Header } from './header.js';
import { readRelease } from './release.js';

/** What to make a bundle of. */
export interface PackOptions {
  /** That the version lies in. */
  readonly folder: string;
  /** The bundle; an older one is replaced. */
  readonly target: string;
  readonly arch: Header['arch'];
  /** When the commit was made, in seconds since 1970: the same tree makes the same bundle. */
  readonly epoch: number;
  readonly privateKey: KeyObject;
}

/** @throws Error for a link or a device: a version has none */
async function sourcesOf(folder: string, epoch: number): Promise<TarSource[]> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const sources: TarSource[] = [];
  for (const target of names) {
    const source = join(folder, target);
    const stat = await lstat(source);
    if (stat.isDirectory()) continue;
    if (!stat.isFile()) throw new Error(`${target} is no file`);
    const mode = (stat.mode & 0o100) === 0 ? 0o644 : 0o755;
    const who = { uid: 0, gid: 0, uname: 'root', gname: 'root' };
    sources.push({ type: 'file', source, target, mode, mtime: new Date(epoch * 1000), ...who });
  }
  return sources;
}

/** Counts and hashes what passes. */
function meter() {
  const hash = createHash('sha256');
  const seen = { size: 0, sha256: () => hash.digest('hex') };
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen.size += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { seen, stream };
}

/** Small files and few of them: nearly the best that brotli can do is worth its time. */
function compressor() {
  return createBrotliCompress({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 10,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    },
  });
}

/**
 * Makes a signed bundle of a version's folder.
 *
 * @returns what its header says
 * @throws SnugError RELEASE_BROKEN when the folder holds no version of Snug
 */
export async function packBundle(options: PackOptions): Promise<Header> {
  const { folder, target, arch, epoch, privateKey } = options;
  const release = await readRelease(folder);
  const sources = await sourcesOf(folder, epoch);
  const [raw, packed] = [meter(), meter()];
  const payload = `${target}.payload`;
  await pipeline(
    packTar(sources),
    raw.stream,
    compressor(),
    packed.stream,
    createWriteStream(payload),
  );
  const header: Header = {
    name: 'snug',
    ...release,
    arch,
    payload: {
      size: packed.seen.size,
      sha256: packed.seen.sha256(),
      unpacked: raw.seen.size,
      files: sources.length,
    },
  };
  const part = `${target}.part`;
  const file = createWriteStream(part);
  file.write(encodeHeader(header, privateKey));
  await pipeline(createReadStream(payload), file);
  await rename(part, target);
  await rm(payload);
  return header;
}
