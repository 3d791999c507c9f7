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
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
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

  #refusal(): SnugError | undefined {
    if (this.#closed) {
      return new SnugError('DESK_CLOSED', 'The relay is stopping, so its invite desk is closed.', {
        hint: 'Try again when the relay is running.',
      });
    }
    if (this.#size < this.#limit) return undefined;
    return new SnugError('DESK_BUSY', 'Too many requests wait at the invite desk.', {
      hint: 'Try again in a minute.',
    });
  }
}
