import type { BlobId } from './blob-id.js';

/** Limits of {@link Fetcher}. */
export interface FetchLimits {
  readonly most: number;
  /** From one feed, however many connections it has. */
  readonly mostOfOne: number;
  /** Peers remembered for one blob. */
  readonly offers: number;
}

interface Offer<Holder> {
  readonly holder: Holder;
  readonly size: number;
}

/**
 * Which wanted blob is fetched when, and from whom: a few at a time, each from one peer, from the
 * next one when that fails.
 */
export class Fetcher<Holder> {
  readonly #limits: FetchLimits;
  readonly #feedOf: (holder: Holder) => string;
  readonly #fetch: (holder: Holder, id: BlobId, size: number) => Promise<boolean>;
  readonly #offers = new Map<BlobId, Offer<Holder>[]>();
  readonly #active = new Map<BlobId, Holder>();

  /**
   * @param feedOf whose connection it is
   * @param fetch resolves with whether the blob is here now, and never rejects
   */
  constructor(
    limits: FetchLimits,
    feedOf: (holder: Holder) => string,
    fetch: (holder: Holder, id: BlobId, size: number) => Promise<boolean>,
  ) {
    this.#limits = limits;
    this.#feedOf = feedOf;
    this.#fetch = fetch;
  }

  /** Blobs on their way. */
  get active(): number {
    return this.#active.size;
  }

  /**
   * Somebody has a blob that is wanted. Callers see to it that only wanted blobs get here, so
   * that what is remembered is bounded by the wants.
   *
   * @param size in bytes, as they say
   */
  offer(holder: Holder, id: BlobId, size: number): void {
    const offers = this.#offers.get(id) ?? [];
    const known = offers.some((offer) => offer.holder === holder);
    if (known || this.#active.get(id) === holder || offers.length >= this.#limits.offers) return;
    offers.push({ holder, size });
    this.#offers.set(id, offers);
    this.#next();
  }

  /** Forgets what somebody who is gone had to offer. */
  drop(holder: Holder): void {
    for (const [id, offers] of this.#offers) {
      this.#keep(
        id,
        offers.filter((offer) => offer.holder !== holder),
      );
    }
  }

  /** Forgets every offer; what is on its way goes on. */
  clear(): void {
    this.#offers.clear();
  }

  #keep(id: BlobId, offers: Offer<Holder>[]): void {
    if (offers.length === 0) this.#offers.delete(id);
    else this.#offers.set(id, offers);
  }

  #isFree(holder: Holder): boolean {
    const feed = this.#feedOf(holder);
    const own = [...this.#active.values()].filter((other) => this.#feedOf(other) === feed);
    return own.length < this.#limits.mostOfOne;
  }

  #next(): void {
    for (const [id, offers] of this.#offers) {
      if (this.#active.size >= this.#limits.most) return;
      if (this.#active.has(id)) continue;
      const offer = offers.find(({ holder }) => this.#isFree(holder));
      if (offer === undefined) continue;
      this.#keep(
        id,
        offers.filter((other) => other !== offer),
      );
      void this.#run(id, offer);
    }
  }

  async #run(id: BlobId, { holder, size }: Offer<Holder>): Promise<void> {
    this.#active.set(id, holder);
    const isHere = await this.#fetch(holder, id, size);
    this.#active.delete(id);
    if (isHere) this.#offers.delete(id);
    this.#next();
  }
}
