import type { Message, SsbServer } from 'ssb-server';

/** How far each feed has come: what is on the disk, and what is on its way there. */
export class Heads {
  readonly #stored = new Map<string, number>();
  readonly #checked = new Map<string, number>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #onStored: (message: Message) => void;
  #total = 0;
  #pending = 0;
  #ready = false;
  #load: () => void = () => undefined;
  /** Resolves once what is in the log is known. */
  readonly loaded = new Promise<void>((resolve) => {
    this.#load = resolve;
  });

  /** @param onStored called with each message once it is in the log */
  constructor(onStored: (message: Message) => void) {
    this.#onStored = onStored;
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

  /** @returns the sequence of the message that the feed goes on with */
  next(feed: string): number {
    return Math.max(this.#checked.get(feed) ?? 0, this.stored(feed)) + 1;
  }

  /** A message was checked and is on its way to the log. */
  expect(feed: string, sequence: number): void {
    this.#checked.set(feed, sequence);
    this.#pending += 1;
  }

  /** @returns a function that ends it; the listener is called after each message of the feed */
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
    this.#onStored(message);
    for (const listener of [...(this.#listeners.get(author) ?? [])]) listener();
  }
}
