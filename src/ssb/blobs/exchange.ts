import type { Source } from 'pull-stream';
import pull from 'pull-stream';
import type { Peer } from 'ssb-server';
import { messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { Allowance } from '../allowance.js';
import { asBlobId, type BlobId } from './blob-id.js';
import type { BlobStore } from './blob-store.js';
import type { DiskSpace } from './disk-space.js';
import { Fetcher } from './fetcher.js';
import { FETCHES, NAMES_PER_PACKET, NEWS, OFFERS_PER_BLOB, SYMPATHY, WANTS } from './limits.js';
import { type News, Outbox } from './outbox.js';
import { BadBlob } from './receive.js';
import { WantBook } from './want-book.js';

/** What one connection has said, and what became of it. */
interface Session {
  readonly peer: Peer;
  readonly allowance: Allowance;
  /** Blobs that it said it had, and that were not what came. */
  readonly failed: Set<BlobId>;
}

/** A peer that was wrong so often is not asked for anything more on this connection. */
const MOST_FAILED = 32;

/** What {@link Exchange} needs. */
export interface ExchangeOptions {
  readonly store: BlobStore;
  readonly disk: DiskSpace;
  /** Largest blob, in bytes. */
  readonly maxBytes: number;
  readonly log: Log;
  /** In milliseconds, never going back. */
  readonly now: () => number;
}

/**
 * Wants and haves: the protocol of ssb-blobs 1.2.2 (inject.js) with everything that it remembers
 * bounded. A want of one peer is passed on to all; whoever has the blob says so; it is fetched and
 * checked, and those who asked are told that it is here.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #wants: WantBook;
  readonly #fetcher: Fetcher<Session>;
  readonly #outboxes = new Map<Peer, Outbox>();
  /** Bytes of the blobs that are on their way. */
  #coming = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#wants = new WantBook(WANTS, options.now);
    this.#fetcher = new Fetcher(
      { ...FETCHES, offers: OFFERS_PER_BLOB },
      ({ peer }) => peer.id,
      (session, id, size) => this.#fetch(session, id, size),
    );
  }

  /** Blobs that are wanted, and those on their way. */
  get pending(): { wanted: number; fetching: number } {
    return { wanted: this.#wants.size, fetching: this.#fetcher.active };
  }

  /** @returns what the peer on this connection is told from now on */
  tell(peer: Peer): Source<News> {
    this.#outboxes.get(peer)?.end();
    const outbox = new Outbox(WANTS.most);
    this.#outboxes.set(peer, outbox);
    this.#tellWants(outbox);
    return outbox.source;
  }

  /** Asks a peer what it wants and has, until it hangs up. */
  listen(peer: Peer): void {
    const allowance = new Allowance(NEWS.burst, NEWS.everyMs, this.#options.now);
    const session = { peer, allowance, failed: new Set<BlobId>() };
    const hear = pull.drain<unknown>(
      (packet) => this.#hear(session, packet),
      () => this.#fetcher.drop(session),
    );
    pull(peer.blobs.createWants(), hear);
  }

  /** The connection is closed. */
  forget(peer: Peer): void {
    this.#outboxes.get(peer)?.end();
    this.#outboxes.delete(peer);
  }

  /**
   * Somebody wants a blob.
   * @param hops negative; how far from us
   */
  want(feed: string, id: BlobId, hops: number): void {
    if (!this.#wants.ask(feed, id, hops) || this.#options.disk.pause !== undefined) return;
    for (const outbox of this.#outboxes.values()) outbox.tell(id, hops);
  }

  /** Tells everybody what is wanted, after a time in which nothing could be taken. */
  askAgain(): void {
    for (const outbox of this.#outboxes.values()) this.#tellWants(outbox);
  }

  #tellWants(outbox: Outbox): void {
    if (this.#options.disk.pause !== undefined) return;
    for (const [id, hops] of this.#wants.list()) outbox.tell(id, hops);
  }

  #hear(session: Session, packet: unknown): void {
    if (typeof packet !== 'object' || packet === null) return;
    for (const [name, value] of Object.entries(packet).slice(0, NAMES_PER_PACKET)) {
      const id = asBlobId(name);
      if (id === undefined || !Number.isSafeInteger(value)) continue;
      if (value < 0) this.#asked(session, id, value - 1);
      else if (value > 0) this.#offered(session, id, value);
    }
  }

  #asked({ peer, allowance }: Session, id: BlobId, hops: number): void {
    const size = this.#options.store.sizeOf(id);
    if (size !== undefined) this.#outboxes.get(peer)?.tell(id, size);
    else if (hops >= -SYMPATHY && allowance.take()) this.want(peer.id, id, hops);
  }

  #offered(session: Session, id: BlobId, size: number): void {
    const { disk, maxBytes } = this.#options;
    if (!this.#wants.has(id) || size > maxBytes || disk.pause !== undefined) return;
    if (session.failed.has(id) || session.failed.size >= MOST_FAILED) return;
    this.#fetcher.offer(session, id, size);
  }

  async #fetch(session: Session, id: BlobId, size: number): Promise<boolean> {
    const { store, disk, maxBytes } = this.#options;
    const { peer } = session;
    this.#coming += size;
    try {
      // Meanwhile it may have been forgotten, or the disk may be full.
      if (!this.#wants.has(id) || peer.closed || !(await disk.hasRoomFor(this.#coming)))
        return false;
      await store.receive(() => peer.blobs.get({ key: id, max: maxBytes }), id, size);
    } catch (error) {
      this.#failed(session, id, error);
      return false;
    } finally {
      this.#coming -= size;
    }
    this.#arrived(id, size);
    return true;
  }

  #arrived(id: BlobId, size: number): void {
    const askers = new Set(this.#wants.settle(id));
    for (const [peer, outbox] of this.#outboxes) {
      if (askers.has(peer.id)) outbox.tell(id, size);
    }
  }

  #failed(session: Session, id: BlobId, error: unknown): void {
    const { disk, log } = this.#options;
    if (error instanceof BadBlob) {
      session.failed.add(id);
      log.debug(`a blob was thrown away: ${error.fault}`);
      // It may never end, and muxrpc cannot make a peer stop.
      if (error.fault === 'too-long') session.peer.close(true);
    } else if (disk.blame(error)) {
      this.#fetcher.clear();
    } else {
      log.error(`a blob could not be stored: ${messageOf(error)}`);
    }
  }
}
