import type { MessagePort, Worker } from 'node:worker_threads';
import { codeOf, hintOf, messageOf, SnugError, withCauses } from '../support/errors.js';

/** Either end of a channel between two threads. */
export type Port = Pick<MessagePort | Worker, 'postMessage'> & {
  on(event: 'message', listener: (value: unknown) => void): unknown;
  off(event: 'message', listener: (value: unknown) => void): unknown;
};

/** What the other side may call, by name. Arguments and results are copied, so: plain data. */
export type Served = Readonly<Record<string, (...args: never[]) => unknown>>;

/** What is left of an error on the other side: the stack stays where it is, of the cause go the words. */
interface SentError {
  readonly code: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
  readonly why: string | undefined;
}

type Packet =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly args: unknown[] }
  | { readonly kind: 'tell'; readonly name: string; readonly args: unknown[] }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: SentError };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Far above what 256 connections ask at once; a side that falls this far behind is ill. */
const MOST_WAITING = 4096;

function send(error: unknown): SentError {
  // Only our own errors have codes that mean something over there, and words for people.
  const own = error instanceof SnugError;
  const cause = error instanceof Error ? error.cause : undefined;
  return {
    code: own ? codeOf(error) : undefined,
    message: messageOf(error),
    hint: hintOf(error),
    why: cause === undefined ? undefined : withCauses(cause),
  };
}

function receive({ code, message, hint, why }: SentError): Error {
  const because = why === undefined ? {} : { cause: new Error(why) };
  if (code === undefined) return new Error(message, because);
  return new SnugError(code, message, hint === undefined ? because : { ...because, hint });
}

/**
 * Calls between two threads, in both directions. Calls of one side arrive in their order; the
 * answers come as they are ready.
 */
export class Bridge {
  readonly #port: Port;
  readonly #served: Served;
  readonly #mostWaiting: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onMessage = (value: unknown) => this.#take(value as Packet);
  #calls = 0;
  #closed: Error | undefined;

  /**
   * @param port to the other thread
   * @param served what that thread may call here
   * @param mostWaiting calls without an answer, at a time
   */
  constructor(port: Port, served: Served, mostWaiting = MOST_WAITING) {
    this.#port = port;
    this.#served = served;
    this.#mostWaiting = mostWaiting;
    port.on('message', this.#onMessage);
  }

  /**
   * Calls a function of the other side.
   *
   * @param args plain data
   * @returns what it returns, once that is known
   * @throws SnugError BRIDGE_FULL, what the function threw, or the reason of {@link Bridge.close}
   */
  call(name: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) throw this.#closed;
      if (this.#waiting.size >= this.#mostWaiting) {
        throw new SnugError('BRIDGE_FULL', 'The relay has too much to do at the moment.', {
          hint: 'Try again in a minute.',
        });
      }
      this.#calls += 1;
      // Throws on what cannot be copied; then nobody waits.
      this.#port.postMessage({ kind: 'call', id: this.#calls, name, args } satisfies Packet);
      this.#waiting.set(this.#calls, { resolve, reject });
    });
  }

  /** Calls a function of the other side and does not ask what comes of it. */
  tell(name: string, ...args: unknown[]): void {
    if (this.#closed !== undefined) return;
    this.#port.postMessage({ kind: 'tell', name, args } satisfies Packet);
  }

  /** Ends it: every call that waits, and every later one, is rejected with this error. */
  close(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#port.off('message', this.#onMessage);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #take(packet: Packet): void {
    if (packet.kind === 'call') void this.#answer(packet.id, packet.name, packet.args);
    else if (packet.kind === 'tell') this.#run(packet.name, packet.args);
    else this.#settle(packet);
  }

  #run(name: string, args: unknown[]): unknown {
    const served = Object.hasOwn(this.#served, name) ? this.#served[name] : undefined;
    if (served === undefined) throw new Error(`the other thread calls unknown "${name}"`);
    return served(...(args as never[]));
  }

  async #answer(id: number, name: string, args: unknown[]): Promise<void> {
    try {
      this.#reply({ kind: 'result', id, value: await this.#run(name, args) });
    } catch (error) {
      this.#reply({ kind: 'error', id, error: send(error) });
    }
  }

  #reply(packet: Packet): void {
    if (this.#closed === undefined) this.#port.postMessage(packet);
  }

  #settle(packet: Exclude<Packet, { name: string }>): void {
    const waiting = this.#waiting.get(packet.id);
    this.#waiting.delete(packet.id);
    if (packet.kind === 'result') waiting?.resolve(packet.value);
    else waiting?.reject(receive(packet.error));
  }
}

/** The methods of `T`, from another thread. */
export type Remote<T, Names extends keyof T> = {
  readonly [Name in Names]: T[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/**
 * @param bridge to the thread where the object lives
 * @param names its methods that may be called from here
 * @returns an object whose methods call those
 */
export function remote<T, const Names extends keyof T & string>(
  bridge: Bridge,
  names: readonly Names[],
): Remote<T, Names> {
  const calls = names.map((name) => [name, (...args: unknown[]) => bridge.call(name, ...args)]);
  return Object.fromEntries(calls) as Remote<T, Names>;
}

/**
 * @param target an object
 * @param names its methods that the other thread may call
 * @returns them, for a {@link Bridge} to serve
 */
export function served<T extends object>(
  target: () => T,
  names: readonly (keyof T & string)[],
): Served {
  const call = (name: keyof T & string, args: unknown[]) => {
    const object = target();
    return (object[name] as (...args: unknown[]) => unknown).apply(object, args);
  };
  return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => call(name, args)]));
}
