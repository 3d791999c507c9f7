import { SnugError } from '../support/errors.js';

/** Runs tasks one after the other, in the order of the calls. The line is bounded. */
export class Mutex {
  readonly #limit: number;
  #tail: Promise<void> = Promise.resolve();
  #size = 0;
  #closed = false;

  /** @param limit how many tasks may run or wait at once */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @param task runs when all earlier ones are settled; it must not wait for this same mutex
   * @returns what the task returns
   * @throws SnugError DESK_BUSY when the line is full, DESK_CLOSED after {@link close}
   */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (!this.#closed && this.#size >= this.#limit) return Promise.reject(busy());
    return this.runInAnyCase(task);
  }

  /** As {@link run}, for what others must not be able to keep out: a full line takes it, too. */
  runInAnyCase<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed());
    this.#size += 1;
    const result = this.#tail.then(task);
    const settled = () => {
      this.#size -= 1;
    };
    this.#tail = result.then(settled, settled);
    return result;
  }

  /** Refuses new tasks. Resolves once those already accepted are settled. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#tail;
  }
}

function busy(): SnugError {
  return new SnugError('DESK_BUSY', 'Too many requests wait at the invite desk.', {
    hint: 'Try again in a minute.',
  });
}

function closed(): SnugError {
  return new SnugError('DESK_CLOSED', 'The relay is stopping, so its invite desk is closed.', {
    hint: 'Try again when the relay is running.',
  });
}
