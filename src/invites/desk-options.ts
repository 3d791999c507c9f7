import type { Log } from '../support/log.js';
import type { Rate } from './budget.js';
import type { CodeMint, Graph } from './ports.js';

/** What the desk is built from. */
export interface DeskOptions {
  /** The database's own folder; made with mode 0700 if missing. */
  readonly folder: string;
  readonly graph: Graph;
  readonly mint: CodeMint;
  /** Codes for riddles: `burst` at once, refilled with `perHour`. */
  readonly budget: Rate;
  /** How long a code can be redeemed, in milliseconds. */
  readonly lifetimeMs: number;
  /** Feeds that each member may have followed besides their own. */
  readonly maySponsor: number;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}
