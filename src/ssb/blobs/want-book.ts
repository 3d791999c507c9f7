import type { BlobId } from './blob-id.js';

/** Limits of {@link WantBook}. */
export interface WantLimits {
  readonly most: number;
  readonly mostOfOne: number;
  readonly lifetimeMs: number;
}

interface Want {
  /** How far from us the nearest asker is, negative as ssb-blobs sends it. */
  hops: number;
  readonly askers: Set<string>;
  readonly since: number;
}

/**
 * The blobs that somebody asked for and nobody has brought yet. A want outlives its asker's
 * connection: the one who has the blob may come when the other has gone. ssb-blobs (1.2.2,
 * inject.js) never forgets one.
 */
export class WantBook {
  readonly #limits: WantLimits;
  readonly #now: () => number;
  readonly #wants = new Map<BlobId, Want>();
  /** Each asker's wants, the oldest first. */
  readonly #asked = new Map<string, Set<BlobId>>();

  /** @param now in milliseconds, never going back */
  constructor(limits: WantLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#wants.size;
  }

  has(id: BlobId): boolean {
    return this.#wants.has(id);
  }

  /** @returns how the want is passed on: what is wanted, and how far it has come */
  list(): [BlobId, number][] {
    this.#forgetOld();
    return [...this.#wants].map(([id, { hops }]) => [id, hops]);
  }

  /**
   * @param asker the feed that wants the blob
   * @param hops negative; how far from us it is wanted
   * @returns whether that is news to others: a new want, or one that is nearer than known
   */
  ask(asker: string, id: BlobId, hops: number): boolean {
    this.#forgetOld();
    const want = this.#wants.get(id) ?? { hops: -Infinity, askers: new Set(), since: this.#now() };
    this.#wants.set(id, want);
    this.#enter(asker, id, want);
    const news = hops > want.hops;
    want.hops = Math.max(want.hops, hops);
    return news;
  }

  /**
   * The blob is here now.
   * @returns who asked for it
   */
  settle(id: BlobId): readonly string[] {
    const askers = [...(this.#wants.get(id)?.askers ?? [])];
    this.#forget(id);
    return askers;
  }

  #enter(asker: string, id: BlobId, want: Want): void {
    const own = this.#asked.get(asker) ?? new Set();
    this.#asked.set(asker, own);
    want.askers.add(asker);
    own.add(id);
    if (own.size <= this.#limits.mostOfOne) return;
    const [oldest] = own;
    if (oldest !== undefined) this.#withdraw(asker, oldest);
  }

  #withdraw(asker: string, id: BlobId): void {
    const want = this.#wants.get(id);
    want?.askers.delete(asker);
    if (want?.askers.size === 0) this.#wants.delete(id);
    const own = this.#asked.get(asker);
    own?.delete(id);
    if (own?.size === 0) this.#asked.delete(asker);
  }

  #forget(id: BlobId): void {
    for (const asker of this.#wants.get(id)?.askers ?? []) this.#withdraw(asker, id);
  }

  #forgetOld(): void {
    const { most, lifetimeMs } = this.#limits;
    for (const [id, { since }] of this.#wants) {
      if (this.#wants.size < most && this.#now() - since < lifetimeMs) return;
      this.#forget(id);
    }
  }
}
