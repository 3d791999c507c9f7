import type { Log } from '../support/log.js';

/** What can be wrong while Tor runs, the gravest first. */
const KINDS = ['clock', 'network', 'stalled'] as const;

/** A kind of problem; at most one of each is known at a time. */
export type ProblemKind = (typeof KINDS)[number];

/** What is wrong and what a person can do, each a sentence. */
export interface Problem {
  readonly what: string;
  readonly hint: string;
}

/** The same kind is written to the log at most this often, in milliseconds. */
const QUIET = 60 * 60 * 1000;

/** What is wrong with Tor now; each is told to the log once, not at every reminder. */
export class Problems {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #present = new Map<ProblemKind, Problem>();
  readonly #told = new Map<ProblemKind, number>();

  /**
   * @param log gets one warning for a problem
   * @param now milliseconds since 1970
   */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** @returns the gravest, or undefined when nothing is wrong */
  get gravest(): Problem | undefined {
    const kind = KINDS.find((one) => this.#present.has(one));
    return kind === undefined ? undefined : this.#present.get(kind);
  }

  /** @param problem replaces what was known of this kind */
  report(kind: ProblemKind, problem: Problem): void {
    const known = this.#present.has(kind);
    this.#present.set(kind, problem);
    const told = this.#told.get(kind);
    const now = this.#now();
    // A clock that was set back must not silence the log: hence the absolute value.
    if (known || (told !== undefined && Math.abs(now - told) < QUIET)) return;
    this.#told.set(kind, now);
    this.#log.warning(`${problem.what} ${problem.hint}`);
  }

  /** @param kinds are over */
  clear(...kinds: readonly ProblemKind[]): void {
    for (const kind of kinds) this.#present.delete(kind);
  }
}

const UNITS = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
] as const;

function inWords(seconds: number): string {
  const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [1, 'second'];
  const count = Math.round(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** @param seconds ahead of the network's time; negative when behind */
export function clockProblem(seconds: number): Problem {
  const direction = seconds < 0 ? 'slow' : 'fast';
  return {
    what: `This machine's clock is ${inWords(Math.abs(seconds))} ${direction}; Tor needs the right time.`,
    hint: 'Set the clock; Tor goes on by itself.',
  };
}

/** @param warning Tor's words, if it has any */
export function networkProblem(warning?: string): Problem {
  const why = warning === undefined ? '' : ` (${warning})`;
  return {
    what: `Tor cannot reach the network${why}.`,
    hint: 'Check the cable or the wireless connection; Tor keeps trying.',
  };
}

/**
 * @param minutes without any progress
 * @param where it stands
 */
export function stallProblem(minutes: number, where: string): Problem {
  return {
    what: `Tor has made no progress for ${minutes} minutes (${where}); perhaps there is no network.`,
    hint: 'Check the connection and the clock; Tor keeps trying.',
  };
}
