import { messageOf, SnugError } from '../support/errors.js';
import type { Service } from '../support/lifecycle.js';
import type { Log } from '../support/log.js';
import type { OnionHost } from '../support/onion-host.js';
import type { TorEvent } from './events.js';
import { TorOutput } from './output.js';
import { feelPulse } from './pulse.js';
import { type SshAccess, socketPaths, startRun, type TorRun } from './run.js';
import type { TorStatus } from './status.js';
import { Supervisor } from './supervisor.js';
import { TIMINGS, type TorTimings } from './timings.js';
import type { OnionPort } from './torrc.js';
import { Tracker } from './tracker.js';
import { startUnitRun, type UnitPlaces } from './unit.js';
import { unlessLost } from './unless-lost.js';

/** Options of {@link Tor}. */
export interface TorOptions {
  /** Path or name of the program; undefined to have `tor` found. */
  readonly binary: string | undefined;
  /** A file whose lines are appended to the torrc. */
  readonly include: string | undefined;
  /** Tor's own state, onion keys included; made 0700. */
  readonly folder: string;
  /** For the sockets `control` and `socks`; made 0700, unless it is the unit's. */
  readonly run: string;
  /** Where systemd runs Tor as a unit and user of its own; undefined: it is our child. */
  readonly unit?: UnitPlaces | undefined;
  /** Lines as after the word `Bridge` in a torrc. */
  readonly bridges?: readonly string[];
  /** Unix socket of an ssh server that gets an onion of its own. */
  readonly ssh?: string | undefined;
  /** The ports of the one onion host. */
  readonly services: readonly OnionPort[];
  /** Streams that one circuit may hold open; one more closes it. */
  readonly streamsPerCircuit: number;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Our own Tor: kept running, its onion service known from the start and published when online. */
export class Tor implements Service {
  /** Path of Tor's SOCKS socket; user name and password choose the circuit. */
  readonly socksPath: string;
  readonly #log: Log;
  readonly #tracker: Tracker;
  readonly #supervisor: Supervisor<TorRun>;
  readonly #timings: TorTimings;
  readonly #listeners = new Set<(status: TorStatus) => void>();
  #host: OnionHost | undefined;
  #ssh: SshAccess | undefined;
  #wantOnline = false;

  /**
   * @param options what to run, and where
   * @param timings other deadlines, for tests
   */
  constructor(options: TorOptions, timings: TorTimings = TIMINGS) {
    const { log, now } = options;
    this.#log = log;
    this.#timings = timings;
    this.socksPath = socketPaths(options.run).socks;
    this.#tracker = new Tracker({ log, now, timings, changed: () => this.#tell() });
    const { unit, bridges = [], ssh } = options;
    const plan = {
      ...options,
      bridges,
      ssh,
      timings,
      output: new TorOutput(log),
      onEvent: (event: TorEvent) => this.#onEvent(event),
    };
    this.#supervisor = new Supervisor<TorRun>({
      launch: (signal) =>
        unit === undefined ? startRun(plan, signal) : startUnitRun(plan, unit, signal),
      ready: (run) => this.#onReady(run),
      lost: (error, waitMs) => this.#onLost(error, waitMs),
      retrying: () => this.#tracker.restarting(),
      timings,
    });
  }

  /**
   * Resolves when Tor runs with its network off, is ours, and the onion host is known. While a Tor
   * from before a crash holds the data folder, it waits for its end.
   *
   * @param signal gives up; no process is left then
   * @throws SnugError TOR_*, TORRC_*, CONTROL_*; the signal's reason when aborted
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#tracker.starting();
    try {
      await this.#supervisor.start(signal);
    } catch (error) {
      this.#tracker.stopped();
      throw error;
    }
  }

  /**
   * Switches the network on, now and after each restart. Resolves when Tor has been told; the rest
   * shows in the status.
   *
   * @throws SnugError TOR_NOT_STARTED, CONTROL_REFUSED
   */
  async goOnline(): Promise<void> {
    if (this.#host === undefined) throw notStarted();
    this.#wantOnline = true;
    const run = this.#supervisor.current;
    if (run !== undefined) await this.#switchOn(run);
  }

  /** @throws SnugError TOR_NOT_STARTED */
  get host(): OnionHost {
    if (this.#host === undefined) throw notStarted();
    return this.#host;
  }

  /** @returns a snapshot */
  status(): TorStatus {
    return this.#tracker.status();
  }

  /**
   * @param listener called with the new status after each change
   * @returns ends the calls
   */
  onChange(listener: (status: TorStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param id of a visitor's circuit, as in its PROXY line; one that is gone is no error
   * @throws SnugError CONTROL_BUSY, CONTROL_REFUSED
   */
  async closeCircuit(id: number): Promise<void> {
    const run = this.#supervisor.current;
    // Without a Tor there are no circuits.
    if (run !== undefined) await unlessLost(run.control.closeCircuit(id));
  }

  /** @returns how the operator finds ssh; undefined without ssh, or before the first start */
  get ssh(): SshAccess | undefined {
    return this.#ssh;
  }

  /**
   * Resolves when Tor's control connection answers. One that is lost is being restarted, which is
   * as it should be.
   *
   * @throws SnugError CONTROL_BUSY, CONTROL_REFUSED
   */
  async alive(): Promise<void> {
    const run = this.#supervisor.current;
    if (run !== undefined) await unlessLost(run.control.getInfo('version'));
  }

  /** Streams from now on get new circuits (SIGNAL NEWNYM). @throws SnugError CONTROL_REFUSED */
  async newCircuits(): Promise<void> {
    const run = this.#supervisor.current;
    if (run !== undefined) await unlessLost(run.control.signal('NEWNYM'));
  }

  /** Tor reads its torrc again and publishes the onion service anew. @throws SnugError CONTROL_* */
  async reload(): Promise<void> {
    const run = this.#supervisor.current;
    if (run !== undefined) await unlessLost(run.control.signal('RELOAD'));
  }

  /** Ends this Tor; the next one is started as after any other end. Resolves when it is gone. */
  async restart(): Promise<void> {
    const run = this.#supervisor.current;
    if (run === undefined) return;
    run.control.close(new SnugError('TOR_RESTARTED', 'Nobody could be reached through this Tor.'));
    await run.ended;
    await run.stop();
  }

  async stop(): Promise<void> {
    this.#wantOnline = false;
    await this.#supervisor.stop();
    this.#tracker.stopped();
  }

  async #onReady(run: TorRun): Promise<void> {
    if (this.#host !== undefined && this.#host !== run.host) {
      this.#log.error(`The onion address changed from ${this.#host} to ${run.host}.`);
    }
    this.#host = run.host;
    this.#ssh = run.ssh;
    this.#tracker.running({ host: run.host, version: run.version, pid: run.pid });
    this.#log.info(`Tor ${run.version} runs; the onion address is ${run.host}.`);
    if (run.ssh !== undefined) {
      this.#log.info('ssh has an onion of its own: "snug ssh show" tells how to reach it.');
    }
    feelPulse(run, this.#timings.pulse, (verdict) => this.#tracker.versionIs(verdict), this.#log);
    if (this.#wantOnline) await this.#switchOn(run);
  }

  async #switchOn(run: TorRun): Promise<void> {
    await unlessLost(run.control.setConf('DisableNetwork', '0'));
    if (this.#supervisor.current === run) this.#tracker.online();
  }

  #onLost(error: SnugError, waitMs: number): void {
    this.#log.warning(`${error.message} Tor is started again in ${Math.ceil(waitMs / 1000)} s.`);
    this.#tracker.lost({
      what: error.message,
      hint: error.hint ?? 'Tor is started again by itself.',
    });
  }

  #onEvent(event: TorEvent): void {
    this.#tracker.apply(event);
    const run = this.#supervisor.current;
    const off = event.kind === 'network-disabled' && event.disabled;
    // A reload (SIGHUP) reads the torrc again, and with it `DisableNetwork 1`.
    if (!off || !this.#wantOnline || run === undefined) return;
    this.#switchOn(run).catch((error: unknown) => {
      this.#log.error(`Tor's network stays off: ${messageOf(error)}`);
    });
  }

  #tell(): void {
    const status = this.status();
    for (const listener of this.#listeners) {
      try {
        listener(status);
      } catch (error) {
        this.#log.error(`A listener to Tor's status failed: ${messageOf(error)}`);
      }
    }
  }
}

function notStarted(): SnugError {
  return new SnugError('TOR_NOT_STARTED', 'Tor has not been started yet.');
}
