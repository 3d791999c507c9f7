import { Worker } from 'node:worker_threads';
import { messageOf, SnugError } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import { Bridge, type Remote, remote, served } from './bridge.js';
import type { Gate } from './gate.js';
import type { Relay, RelayOptions, RelayStatus } from './relay.js';
import { GATE_CALLS, type Opened, RELAY_CALLS } from './relay-calls.js';
import { logCalls } from './thread-log.js';

/** A {@link Relay} in a thread of its own. */
export interface RelayThread extends Remote<Relay, (typeof RELAY_CALLS)[number]> {
  /** The relay's own feed. */
  readonly id: FeedId;
  /** Where peers find the relay, as a multiserver address. */
  readonly address: string;
  /** Resolves with the reason if the thread ends without being asked to; nothing works then. */
  readonly died: Promise<SnugError>;
  /** From now on the gate decides who comes in; it is asked in this thread. */
  admit(gate: Gate): void;
  /** @returns what the relay has said last, at most about a second ago unless it is very busy */
  status(): RelayStatus;
  /** Hangs up on everybody, closes the database and ends the thread. Safe to call twice. */
  close(): Promise<void>;
}

/** What tests run and do sooner. */
export interface ThreadPlan {
  /** The file for the thread to run. */
  readonly main: URL;
  /** How often it is looked whether the thread still says anything. */
  readonly lookEveryMs: number;
}

const PLAN: ThreadPlan = {
  main: new URL('./relay-worker.js', import.meta.url),
  lookEveryMs: 60_000,
};
/**
 * In MiB. V8 tidies up the later, the more memory it may have; left alone it takes its measure from
 * the machine and not from what SSB needs, which is far less than this.
 */
const HEAP = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 24 };
/** Looks in a row without a word from it, which it has each second, before it is given up. */
const MOST_SILENT_LOOKS = 5;
/** The database needs a moment to write what is on its way. */
const CLOSE_DEADLINE_MS = 10_000;

const CLOSED = new SnugError('SSB_CLOSED', 'The relay is closed.');

function diedOf(reason: unknown): SnugError {
  const why = reason === undefined ? 'without a word' : `: ${messageOf(reason)}`;
  return new SnugError('SSB_DIED', `SSB ended by itself${why}`, {
    hint: 'Start the relay again. Nothing that was acknowledged is lost.',
    cause: reason,
  });
}

/** The worker and how it goes: asked to, or of itself. */
class Thread {
  readonly bridge: Bridge;
  readonly died: Promise<SnugError>;
  gate: Gate | undefined;
  status: RelayStatus | undefined;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #reason: unknown;
  #silentLooks = 0;
  #looking: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(log: RelayOptions['log'], main: URL) {
    this.#worker = new Worker(main, { name: 'ssb', resourceLimits: HEAP });
    this.bridge = new Bridge(this.#worker, {
      ...logCalls(log),
      ...served(() => this.#admitted(), GATE_CALLS),
      status: (status: RelayStatus) => {
        this.status = status;
        this.#silentLooks = 0;
      },
    });
    this.#worker.once('error', (error) => {
      this.#reason = error;
    });
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.died = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        clearInterval(this.#looking);
        const error = this.#closing === undefined ? diedOf(this.#reason) : CLOSED;
        this.bridge.close(error);
        if (error !== CLOSED) resolve(error);
      });
    });
  }

  /** A thread that hangs would look alive for ever; one that has ended is started again. */
  watch(everyMs: number): void {
    this.#looking = setInterval(() => {
      this.#silentLooks += 1;
      if (this.#silentLooks < MOST_SILENT_LOOKS) return;
      this.#reason ??= new Error('it has said nothing for minutes');
      void this.#worker.terminate();
    }, everyMs);
    this.#looking.unref();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** For a thread of which nobody knows how far it came. */
  kill(): Promise<void> {
    this.#closing ??= this.#worker.terminate().then(() => undefined);
    return this.#closing;
  }

  async #close(): Promise<void> {
    const late = setTimeout(() => void this.#worker.terminate(), CLOSE_DEADLINE_MS);
    // The worker may be gone already, or have never opened anything.
    await this.bridge.call('close').catch(() => undefined);
    await this.#exited;
    clearTimeout(late);
  }

  #admitted(): Gate {
    if (this.gate === undefined) throw new Error('nobody has been admitted yet');
    return this.gate;
  }
}

/**
 * Opens a relay in a thread of its own; see {@link Relay.open}.
 *
 * @param plan another thread, for tests
 * @throws SnugError as {@link Relay.open}, or SSB_DIED
 */
export async function openRelayThread(
  { log, ...options }: RelayOptions,
  plan: ThreadPlan = PLAN,
): Promise<RelayThread> {
  const thread = new Thread(log, plan.main);
  try {
    const opened = (await thread.bridge.call('open', options)) as Opened;
    thread.watch(plan.lookEveryMs);
    return {
      ...remote<Relay, (typeof RELAY_CALLS)[number]>(thread.bridge, RELAY_CALLS),
      id: opened.id,
      address: opened.address,
      died: thread.died,
      admit(gate) {
        thread.gate = gate;
        thread.bridge.tell('admit');
      },
      status: () => thread.status ?? opened.status,
      close: () => thread.close(),
    };
  } catch (error) {
    await thread.kill();
    throw error;
  }
}
