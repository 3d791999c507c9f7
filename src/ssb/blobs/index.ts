import { join } from 'node:path';
import pull, { type Source } from 'pull-stream';
import ssbBlobs from 'ssb-blobs';
import type { Callback, Caller, Peer, Plugin, SsbServer } from 'ssb-server';
import { messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import type { Wires } from '../feeds/wires.js';
import { asBlobId, blobsNamedIn } from './blob-id.js';
import { BlobStore } from './blob-store.js';
import { DiskSpace, type Pause } from './disk-space.js';
import { Exchange } from './exchange.js';
import { BLOB_LIMITS, type BlobLimits, SERVINGS } from './limits.js';
import type { News } from './outbox.js';
import { refusal, Servings } from './serving.js';

/** What `snug status` shows of blobs. */
export interface BlobStatus {
  readonly count: number;
  readonly bytes: number;
  readonly totalBytes: number;
  /** Blobs that somebody asked for and nobody has brought yet. */
  readonly wanted: number;
  readonly fetching: number;
  /** Why no blobs are taken in; undefined when they are. */
  readonly pause: Pause | undefined;
}

/** What {@link Blobs} needs. */
export interface BlobsOptions {
  /** Folder of the SSB database; blobs lie in `blobs` below it. */
  readonly folder: string;
  readonly limits: Partial<BlobLimits>;
  readonly wires: Wires;
  readonly log: Log;
}

/** Own messages name few blobs, such as a picture of the relay. */
const MOST_PINNED = 1000;
/** Names that one call of `has` may carry. */
const MOST_ASKED = 1000;

type IsTrusted = (id: string) => Promise<boolean>;
type Answer = boolean | boolean[];

/**
 * Members' blobs. The methods, their forms and their meaning are those of ssb-blobs 1.2.2 as its
 * peers see them. What stands behind them there was not made for peers that lie and disks that
 * fill up (docs/blobs.md names the faults), and its private state cannot be reached by hooks, so
 * that here it is ours, as the invite desk stands behind ssb-invite.
 */
export class Blobs {
  readonly #options: BlobsOptions;
  readonly #limits: BlobLimits;
  readonly #store: BlobStore;
  readonly #disk: DiskSpace;
  readonly #exchange: Exchange;
  readonly #servings = new Servings(SERVINGS);
  #opened: Promise<void> | undefined;
  #pins = 0;

  constructor(options: BlobsOptions) {
    const { log } = options;
    const folder = join(options.folder, 'blobs');
    const limits = { ...BLOB_LIMITS, ...options.limits };
    this.#options = options;
    this.#limits = limits;
    this.#store = new BlobStore(folder, limits, log);
    this.#disk = new DiskSpace({
      folder,
      keepFreeBytes: limits.keepFreeBytes,
      checkMs: limits.diskCheckMs,
      onRoom: () => this.#exchange.askAgain(),
      log,
    });
    this.#exchange = new Exchange({
      store: this.#store,
      disk: this.#disk,
      maxBytes: Math.min(limits.maxBytes, limits.totalBytes),
      log,
      now: () => performance.now(),
    });
  }

  /** @returns what is known without asking the disk */
  status(): BlobStatus {
    const { totalBytes } = this.#limits;
    return { ...this.#store.held, totalBytes, ...this.#exchange.pending, pause: this.#disk.pause };
  }

  /**
   * @param isTrusted whether blobs are exchanged with this peer
   * @returns the plugin, for `stack.use`
   */
  plugin(isTrusted: IsTrusted): Plugin {
    const { has, get, createWants } = ssbBlobs.manifest;
    return {
      name: 'blobs',
      version: ssbBlobs.version,
      manifest: { has, get, createWants },
      init: (server) => {
        this.#open(server, isTrusted);
        return this.#methods();
      },
    };
  }

  #open(server: SsbServer, isTrusted: IsTrusted): void {
    const { log } = this.#options;
    this.#opened = this.#store.open().catch((error: unknown) => {
      if (!this.#disk.blame(error)) log.error(`blobs could not be read: ${messageOf(error)}`);
    });
    server.on('rpc:connect', (peer, isClient) => {
      if (peer.id === server.id) return;
      this.#meet(peer, isTrusted, isClient).catch((error: unknown) =>
        log.error(`a peer could not be asked for blobs: ${messageOf(error)}`),
      );
    });
    let closing = false;
    server.close.hook((close, args) => {
      closing = true;
      this.#disk.close();
      void this.#opened?.then(() => close(...args));
    });
    void this.#opened.then(() => {
      if (!closing) this.#pinOwn(server);
    });
  }

  /** ssb-blobs asks at once; some clients take nothing before they have said something. */
  async #meet(peer: Peer, isTrusted: IsTrusted, isClient: boolean): Promise<void> {
    peer.once('closed', () => this.#exchange.forget(peer));
    await this.#opened;
    if (!(await isTrusted(peer.id))) return;
    const listen = () => {
      if (!peer.closed) this.#exchange.listen(peer);
    };
    if (isClient) listen();
    else this.#options.wires.of(peer)?.onHeard(listen);
  }

  /** The blobs that the relay's own messages name are wanted, and kept whatever the quota says. */
  #pinOwn(server: SsbServer): void {
    const each = (message: { content?: unknown }) => {
      for (const id of blobsNamedIn(message.content)) {
        if (this.#pins >= MOST_PINNED) return;
        this.#pins += 1;
        this.#store.pin(id);
        if (this.#store.sizeOf(id) === undefined) this.#exchange.want(server.id, id, -1);
      }
    };
    const own = { id: server.id, live: true, keys: false, values: true };
    pull(
      server.createUserStream(own),
      pull.drain(each, () => undefined),
    );
  }

  #methods() {
    const blobs = this;
    return {
      has(ids: unknown, cb: Callback<Answer>) {
        blobs.#has(ids, cb);
      },
      get(this: Caller, request: unknown): Source<Buffer> {
        return blobs.#get(this, request);
      },
      createWants(this: Caller): Source<News> {
        return blobs.#createWants(this);
      },
    };
  }

  #has(ids: unknown, cb: Callback<Answer>): void {
    const asked = [ids].flat().slice(0, MOST_ASKED).map(asBlobId);
    const held = asked.map((id) => id !== undefined && this.#store.sizeOf(id) !== undefined);
    cb(null, Array.isArray(ids) ? held : held[0] === true);
  }

  #get(caller: Caller, request: unknown): Source<Buffer> {
    const call = this.#options.wires.ofCall(caller);
    const { key, id, hash, size, max } = (request ?? {}) as Record<string, unknown>;
    const blob = asBlobId(typeof request === 'string' ? request : (id ?? key ?? hash));
    const held = blob && this.#store.sizeOf(blob);
    if (call === undefined || blob === undefined || held === undefined) {
      return refusal('could not get blob');
    }
    const misfits = (size != null && size !== held) || (max != null && !(held <= Number(max)));
    if (misfits) return refusal('incorrect file length');
    const path = () => (this.#store.sizeOf(blob) === undefined ? undefined : this.#store.use(blob));
    return call.wire.pace(this.#servings.serve(call.peer.id, path));
  }

  #createWants(caller: Caller): Source<News> {
    const call = this.#options.wires.ofCall(caller);
    if (call === undefined) return (abort, cb) => cb(abort || true);
    return call.wire.pace(this.#exchange.tell(call.peer));
  }
}
