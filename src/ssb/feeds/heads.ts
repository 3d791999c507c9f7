import type { Message, SsbServer } from 'ssb-server';

/** What {@link Heads} is told, and tells. */
export interface HeadsOptions {
  /** The relay's own feed. */
  readonly own: string;
  /** Called with each message once it is in the log. */
  readonly onStored: () => void;
  /** Called with each message once peers may have it. */
  readonly onServed: (message: Message) => void;
}

/**
 * How far each feed has come: what is in the log, what is on its way there, and what peers may have.
 * An own message in the log may still be lost in a power cut. If a peer has it by then, the next one
 * forks the feed, so it is held back until the log is synced.
 */
export class Heads {
  readonly #options: HeadsOptions;
  readonly #stored = new Map<string, number>();
  readonly #checked = new Map<string, number>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Own messages that were published and not synced yet. */
  readonly #unsynced: Message[] = [];
  #synced = 0;
  #total = 0;
  #pending = 0;
  #ready = false;
  #load: () => void = () => undefined;
  /** Resolves once what is in the log is known. */
  readonly loaded = new Promise<void>((resolve) => {
    this.#load = resolve;
  });

  constructor(options: HeadsOptions) {
    this.#options = options;
  }

  /** @param onLoaded called with the last sequence of each feed in the log, once that is known */
  follow(server: SsbServer, onLoaded: (clock: Record<string, number>) => void): void {
    server.post((message) => this.#store(message), false);
    server.getVectorClock((_error, clock = {}) => {
      for (const [feed, sequence] of Object.entries(clock)) this.#raise(feed, sequence);
      this.#ready = true;
      onLoaded(Object.fromEntries(this.#stored));
      this.#load();
    });
  }

  /** Whether what is in the log is known. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Messages in the log. */
  get total(): number {
    return this.#total;
  }

  /** Messages that were checked and are not in the log yet. */
  get pending(): number {
    return this.#pending;
  }

  /** @returns the sequence of the feed's last message in the log; 0 without any */
  stored(feed: string): number {
    return this.#stored.get(feed) ?? 0;
  }

  /** @returns the sequence of the feed's last message that peers may have; 0 without any */
  served(feed: string): number {
    const [held] = this.#unsynced;
    return held?.value.author === feed ? held.value.sequence - 1 : this.stored(feed);
  }

  /** Own messages up to this sequence are on the disk itself. */
  synced(sequence: number): void {
    this.#synced = Math.max(this.#synced, sequence);
    for (;;) {
      const [held] = this.#unsynced;
      if (held === undefined || held.value.sequence > this.#synced) return;
      this.#unsynced.shift();
      this.#serve(held);
    }
  }

  /** @returns the sequence of the message that the feed goes on with */
  next(feed: string): number {
    return Math.max(this.#checked.get(feed) ?? 0, this.stored(feed)) + 1;
  }

  /** A message was checked and is on its way to the log. */
  expect(feed: string, sequence: number): void {
    this.#checked.set(feed, sequence);
    this.#pending += 1;
  }

  /** @returns a function that ends it; the listener is called when more of the feed is served */
  onChange(feed: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(feed) ?? new Set();
    this.#listeners.set(feed, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(feed);
    };
  }

  #raise(feed: string, sequence: number): void {
    const before = this.stored(feed);
    if (sequence <= before) return;
    this.#stored.set(feed, sequence);
    this.#total += sequence - before;
  }

  #store(message: Message): void {
    const { author, sequence } = message.value;
    this.#raise(author, sequence);
    const checked = this.#checked.get(author);
    if (checked !== undefined) {
      this.#pending -= 1;
      if (checked <= sequence) this.#checked.delete(author);
    }
    this.#options.onStored();
    // What a peer has brought of the own feed, others have already.
    const isOurs = author === this.#options.own && checked === undefined;
    if (isOurs && sequence > this.#synced) this.#unsynced.push(message);
    else this.#serve(message);
  }

  #serve(message: Message): void {
    const { author } = message.value;
    this.#options.onServed(message);
    for (const listener of [...(this.#listeners.get(author) ?? [])]) listener();
  }
}
