import { execFile } from 'node:child_process';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';
import { unpackTar } from 'modern-tar/fs';
import { SnugError } from '../support/errors.js';
import { type Bundle, damaged } from './bundle.js';

const run = promisify(execFile);

/** Of one entry, as the package hands it over. */
type TarHeader = Parameters<NonNullable<NonNullable<Parameters<typeof unpackTar>[1]>['map']>>[0];

/** Lets through as many bytes as were promised; more would fill the card. */
function atMost(most: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > most) done(damaged());
      else done(null, chunk);
    },
  });
}

/** Nothing but files and folders, which everybody may read and only root may change. */
function plain(header: TarHeader): TarHeader {
  const { type = 'file', name, mode = 0 } = header;
  if (type !== 'file' && type !== 'directory') {
    throw new SnugError('BUNDLE_DAMAGED', 'The bundle holds something that is no file.', {
      hint: 'Tell whoever made it.',
    });
  }
  const open = type === 'directory' || (mode & 0o100) !== 0;
  return { ...header, name, mode: open ? 0o755 : 0o644 };
}

/**
 * Unpacks a bundle's payload and has the whole file system written to the card.
 *
 * @param bundle checked
 * @param folder an empty one
 * @throws SnugError BUNDLE_DAMAGED, or the file system's error
 */
export async function unpack(bundle: Bundle, folder: string): Promise<void> {
  const { files, unpacked } = bundle.header.payload;
  let seen = 0;
  const target = unpackTar(folder, {
    strict: true,
    dmode: 0o755,
    map: (header) => {
      if (header.type !== 'directory') seen += 1;
      return plain(header);
    },
  });
  await pipeline(bundle.payload(), createBrotliDecompress(), atMost(unpacked), target);
  if (seen !== files) throw damaged();
  // One call for thousands of files; an fsync for each takes minutes on a slow card.
  await run('sync', ['--file-system', folder]);
}
