import type { Log } from '../support/log.js';
import type { OnionHost } from '../support/onion-host.js';
import { Descriptors } from './descriptors.js';
import type { BootstrapEvent, DescriptorEvent, TorEvent } from './events.js';
import { clockProblem, networkProblem, type Problem, Problems, stallProblem } from './problems.js';
import type { TorState, TorStatus } from './status.js';
import type { TorTimings } from './timings.js';

/** What is known of a Tor as soon as it runs. */
export interface RunningTor {
  readonly host: OnionHost;
  readonly version: string;
  readonly pid: number;
}

/** Options of {@link Tracker}. */
export interface TrackerOptions {
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly timings: TorTimings;
  /** Called after each change. */
  readonly changed: () => void;
}

type Phase = 'stopped' | 'starting' | 'running' | 'restarting';
const NOTHING_YET = { progress: 0, summary: 'Not started' };

/** Folds what happens to Tor into one status. */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #problems: Problems;
  #ended: Problem | undefined;
  #phase: Phase = 'stopped';
  #tor: Partial<RunningTor> = {};
  #online = false;
  #bootstrap: TorStatus['bootstrap'] = NOTHING_YET;
  #networkUp = true;
  #circuitsUp = true;
  #descriptors = new Descriptors();
  #published = false;
  #lastUpload: number | undefined;
  #skew: number | undefined;
  #restarts = 0;
  #outdated = false;
  #stall: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#problems = new Problems(options.log, options.now);
  }

  /** A first start begins. */
  starting(): void {
    this.#phase = 'starting';
    this.#options.changed();
  }

  /** @param tor answers us, its network off */
  running(tor: RunningTor): void {
    this.#phase = 'running';
    this.#tor = tor;
    this.#ended = undefined;
    this.#options.changed();
  }

  /** Its network was switched on. */
  online(): void {
    this.#online = true;
    this.#watch();
    this.#options.changed();
  }

  /** @param problem why Tor is gone or did not come up; it will be started again */
  lost(problem: Problem): void {
    this.#forget();
    if (this.#phase !== 'starting') this.#phase = 'restarting';
    this.#ended = problem;
    this.#options.changed();
  }

  /** Tor is about to be started once more. */
  restarting(): void {
    this.#restarts += 1;
    this.#options.changed();
  }

  /** @param verdict control-spec, `status/version/current`: what the authorities hold of this Tor */
  versionIs(verdict: string): void {
    const outdated = verdict === 'obsolete' || verdict === 'unrecommended';
    if (outdated === this.#outdated) return;
    this.#outdated = outdated;
    this.#options.changed();
  }

  /** Nothing runs any more; no timer is left. */
  stopped(): void {
    this.#forget();
    this.#phase = 'stopped';
    this.#ended = undefined;
    this.#options.changed();
  }

  /** @param event from the running Tor */
  apply(event: TorEvent): void {
    switch (event.kind) {
      case 'bootstrap':
        this.#onBootstrap(event);
        break;
      case 'descriptor':
        if (event.host === this.#tor.host) this.#onDescriptor(event);
        break;
      case 'clock-skew':
        this.#skew = event.seconds;
        this.#problems.report('clock', clockProblem(event.seconds));
        break;
      case 'clock-jumped':
        this.#skew = undefined;
        this.#problems.clear('clock');
        break;
      case 'network':
        this.#networkUp = event.up;
        if (event.up) this.#problems.clear('network');
        else this.#problems.report('network', networkProblem());
        break;
      case 'circuits':
        this.#circuitsUp = event.up;
        break;
      case 'network-disabled':
        if (event.disabled) this.#unpublish();
        break;
    }
    this.#watch();
    this.#options.changed();
  }

  /** @returns a snapshot */
  status(): TorStatus {
    const problem = this.#ended ?? this.#problems.gravest;
    return {
      state: this.#state(),
      ...this.#tor,
      bootstrap: this.#bootstrap,
      descriptors: {
        wanted: this.#descriptors.wanted,
        uploaded: this.#descriptors.uploaded,
        ...(this.#lastUpload === undefined ? {} : { lastUpload: this.#lastUpload }),
      },
      ...(this.#skew === undefined ? {} : { clockSkewSeconds: this.#skew }),
      ...(problem === undefined ? {} : { problem }),
      restarts: this.#restarts,
      ...(this.#outdated ? { outdated: true as const } : {}),
    };
  }

  #state(): TorState {
    if (this.#phase !== 'running') return this.#phase;
    if (!this.#online) return 'offline';
    if (this.#bootstrap.progress < 100) return 'bootstrapping';
    return this.#published && this.#networkUp && this.#circuitsUp ? 'published' : 'publishing';
  }

  #onBootstrap({ progress, summary, warning }: BootstrapEvent): void {
    const further = progress > this.#bootstrap.progress;
    this.#bootstrap = { progress, summary, ...(warning === undefined ? {} : { warning }) };
    if (warning !== undefined && this.#skew === undefined) {
      this.#problems.report('network', networkProblem(warning));
    }
    if (!further) return;
    this.#progressed();
    this.#options.log.info(`Tor is ${progress} % on its way: ${summary}.`);
  }

  #onDescriptor(event: DescriptorEvent): void {
    if (!this.#descriptors.apply(event)) return;
    this.#progressed();
    this.#lastUpload = this.#options.now();
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#expire(), this.#options.timings.descriptorLife).unref();
    if (this.#published || this.#descriptors.uploaded < this.#descriptors.wanted) return;
    // It stays published while a later descriptor is on its way: the one before still serves.
    this.#published = true;
    this.#options.log.info(`${event.host} is published.`);
  }

  /** Something got through, so the network is there. */
  #progressed(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#problems.clear('network', 'stalled');
  }

  #expire(): void {
    this.#unpublish();
    this.#watch();
    this.#options.changed();
  }

  #unpublish(): void {
    clearTimeout(this.#expiry);
    this.#descriptors = new Descriptors();
    this.#published = false;
  }

  /** With no network at all, Tor 0.4.9.11 says nothing for minutes: the silence has to be noticed. */
  #watch(): void {
    const state = this.#state();
    if (state !== 'bootstrapping' && state !== 'publishing') {
      clearTimeout(this.#stall);
      this.#stall = undefined;
      this.#problems.clear('stalled');
      return;
    }
    const { stall } = this.#options.timings;
    this.#stall ??= setTimeout(() => {
      const minutes = Math.max(1, Math.round(stall / 60_000));
      const where = `${this.#bootstrap.progress} %, ${this.#bootstrap.summary}`;
      this.#problems.report('stalled', stallProblem(minutes, where));
      this.#options.changed();
    }, stall).unref();
  }

  /** What was true of one Tor process is not true of the next; its address and program stay. */
  #forget(): void {
    const { pid: _, ...lasting } = this.#tor;
    this.#tor = lasting;
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#unpublish();
    this.#online = false;
    this.#bootstrap = NOTHING_YET;
    this.#networkUp = true;
    this.#circuitsUp = true;
    this.#lastUpload = undefined;
    this.#skew = undefined;
    this.#problems.clear('clock', 'network', 'stalled');
  }
}
