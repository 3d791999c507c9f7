/** A thing that comes alone waits for company this long, in milliseconds. */
const WAIT_MS = 5;
/** So many wait only for what else has arrived by now. */
const ENOUGH = 64;
/** Handed on in one go, which keeps a small board busy for a fifth of a second if it is messages. */
const AT_ONCE = 512;

/** Gathers things that come one by one, and hands them on together, in the same order. */
export class Gathering<T> {
  readonly #handOn: (things: readonly T[]) => void;
  #things: T[] = [];
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  /** @param handOn called with some of them, never from within `add` */
  constructor(handOn: (things: readonly T[]) => void) {
    this.#handOn = handOn;
  }

  /** How many wait. */
  get size(): number {
    return this.#things.length;
  }

  add(thing: T): void {
    const size = this.#things.push(thing);
    if (size === 1) this.#timer = setTimeout(() => this.#next(), WAIT_MS);
    else if (size === ENOUGH) this.#soon();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#things = [];
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#turn = setImmediate(() => this.#next());
  }

  #next(): void {
    const things = this.#things.splice(0, AT_ONCE);
    if (this.#things.length > 0) this.#soon();
    this.#handOn(things);
  }
}
