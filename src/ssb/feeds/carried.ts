/** What {@link Carried} is told, and tells. */
export interface CarriedOptions {
  /** Whether the relay itself blocks the feed, publicly. */
  readonly isBlocked: (feed: string) => boolean;
  /** Called when a feed is to be carried, or no longer. */
  readonly carry: (feed: string, wanted: boolean) => void;
}

/** Which feeds are carried: those within reach, as ssb-friends says, but none that is banned. */
export class Carried {
  /** Every feed that is carried. */
  readonly feeds = new Set<string>();
  readonly #options: CarriedOptions;
  readonly #within = new Set<string>();
  readonly #banned = new Set<string>();

  constructor(options: CarriedOptions) {
    this.#options = options;
  }

  /** @returns whether messages of the feed are taken in */
  takes(feed: string): boolean {
    return this.feeds.has(feed) && this.serves(feed);
  }

  /** @returns whether the feed may be served to anybody: it is neither banned nor blocked */
  serves(feed: string): boolean {
    return !this.#banned.has(feed) && !this.#options.isBlocked(feed);
  }

  /** A feed comes within reach, or goes out of it. */
  request(feed: string, wanted: boolean): void {
    if (wanted) this.#within.add(feed);
    else this.#within.delete(feed);
    this.#carry(feed, wanted && !this.#banned.has(feed));
  }

  /** A ban ends all that is done for the feed, whether it is published or not. */
  setBanned(feed: string, banned: boolean): void {
    if (banned) this.#banned.add(feed);
    else this.#banned.delete(feed);
    const wanted = this.#within.has(feed) && !banned;
    if (wanted !== this.feeds.has(feed)) this.#carry(feed, wanted);
  }

  #carry(feed: string, wanted: boolean): void {
    if (wanted) this.feeds.add(feed);
    else this.feeds.delete(feed);
    this.#options.carry(feed, wanted);
  }
}
