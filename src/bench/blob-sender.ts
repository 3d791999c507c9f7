import { createHash, randomBytes } from 'node:crypto';
import type { Source } from 'pull-stream';
import ssbBlobs from 'ssb-blobs';
import type { Callback, Plugin } from 'ssb-server';

/** What a peer's blobs methods look like from here. */
interface BlobPeer {
  blobs: { has(ids: string[], cb: Callback<boolean[]>): void };
}

const CHUNK = 64 * 1024;
const LOOK_EVERY_MS = 10;
/** More than the blobs of a run take on the slowest network. */
const STUCK_MS = 180_000;

function* chunksOf(blob: Buffer): Generator<Buffer> {
  for (let at = 0; at < blob.length; at += CHUNK) yield blob.subarray(at, at + CHUNK);
}

/** A client that has blobs which it asks the relay to want, and which it then gives. */
export class BlobSender {
  /** When the first blob was asked for, as of `performance.now()`. */
  began: number | undefined;
  readonly #blobs = new Map<string, Buffer>();
  #news: Record<string, number>[] = [];
  #listener: ((end: true | null, news?: object) => void) | undefined;

  /** Makes random blobs, and says that it wants them and then that it has them. */
  offer(count: number, bytes: number): void {
    for (let made = 0; made < count; made += 1) {
      const blob = randomBytes(bytes);
      const id = `&${createHash('sha256').update(blob).digest('base64')}.sha256`;
      this.#blobs.set(id, blob);
    }
    const ids = [...this.#blobs.keys()];
    const all = (value: number) => Object.fromEntries(ids.map((id) => [id, value]));
    this.#news = [all(-1), all(bytes)];
    this.#tell();
  }

  /** Resolves once the peer has all of them. */
  async taken(peer: unknown): Promise<void> {
    const has = () =>
      new Promise<boolean[]>((resolve, reject) =>
        (peer as BlobPeer).blobs.has([...this.#blobs.keys()], (error, found) =>
          error ? reject(new Error(error.message)) : resolve(found ?? []),
        ),
      );
    const deadline = performance.now() + STUCK_MS;
    while (!(await has()).every(Boolean)) {
      if (performance.now() > deadline) throw new Error('the blobs got stuck');
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** ssb-blobs' methods, as far as a giver needs them. */
  readonly plugin: Plugin = {
    name: 'blobs',
    manifest: { has: 'async', get: 'source', createWants: 'source' },
    permissions: { ...ssbBlobs.permissions },
    init: () => ({
      has: (_ids: unknown, cb: Callback<boolean>) => cb(null, false),
      get: (request: { key?: string; id?: string } | string) => this.#give(request),
      createWants: (): Source<object> => (abort, cb) => {
        if (abort) return cb(abort);
        this.#listener = cb;
        this.#tell();
      },
    }),
  };

  #tell(): void {
    const listener = this.#listener;
    const news = listener && this.#news.shift();
    if (listener === undefined || news === undefined) return;
    this.#listener = undefined;
    listener(null, news);
  }

  #give(request: { key?: string; id?: string } | string): Source<Buffer> {
    this.began ??= performance.now();
    const id = typeof request === 'string' ? request : (request.key ?? request.id ?? '');
    const chunks = chunksOf(this.#blobs.get(id) ?? Buffer.alloc(0));
    return (abort, cb) => {
      const next = abort ? undefined : chunks.next();
      if (next === undefined) cb(abort);
      else if (next.done) cb(true);
      else cb(null, next.value);
    };
  }
}
