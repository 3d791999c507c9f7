import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SnugError } from '../support/errors.js';
import { LARGEST_BUNDLE } from './header.js';
import { Notes } from './notes.js';
import { checkBundle, type Ground, noRoom, RESERVE_BYTES } from './prepare.js';
import type { Version } from './version.js';
import { Versions } from './versions.js';

/** Refuses more than a bundle can have, and more than there is room for. */
function bounded(room: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > LARGEST_BUNDLE) {
        const hint = 'Take the file snug-<version>-arm64.bundle of a release.';
        done(new SnugError('BUNDLE_FOREIGN', 'This is too large for a bundle of Snug.', { hint }));
      } else if (seen > room) done(noRoom());
      else done(null, chunk);
    },
  });
}

async function store(source: Readable, path: string, room: number): Promise<void> {
  // Opened first: a stream that fails before its file is open makes that file afterwards.
  const target = (await open(path, 'wx', 0o600)).createWriteStream();
  await pipeline(source, bounded(room), target);
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Takes a bundle in, as root, and asks for it to be installed. It is checked here so that the
 * operator hears at once what is wrong; what installs it checks it again.
 *
 * @param source of the bundle's bytes
 * @returns the version in it
 * @throws SnugError when it cannot be installed here; then nothing has changed
 */
export async function receive(
  source: Readable,
  allowDowngrade: boolean,
  ground: Ground,
): Promise<Version> {
  const { spool, home } = ground.places;
  await mkdir(spool, { recursive: true, mode: 0o755 });
  const incoming = join(spool, 'incoming');
  await rm(incoming, { force: true });
  const notes = new Notes(spool);
  try {
    await store(source, incoming, (await ground.free(spool)) - RESERVE_BYTES);
    const bundle = await checkBundle(incoming, allowDowngrade, new Versions(home), ground);
    await bundle.close();
    await rename(incoming, notes.bundle);
    await notes.ask({ action: 'install', allowDowngrade });
    return bundle.header.version;
  } finally {
    await rm(incoming, { force: true });
  }
}
