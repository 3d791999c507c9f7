import type { Log } from '../support/log.js';
import type { ClearnetFront } from './clearnet.js';

/** A picture and what it says. */
export interface Riddle {
  /** What the visitor has to type; case does not matter. */
  readonly answer: string;
  readonly png: Buffer;
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
}

/** What became of an answer. `expiresAt` is in milliseconds since 1970. */
export type Solved =
  | { outcome: 'code'; code: string; expiresAt: number }
  | { outcome: 'wrong' }
  | { outcome: 'gone' }
  | { outcome: 'over-budget'; retryAfterSeconds: number };

/** What the site needs of the invite desk. */
export interface RiddleDesk {
  /** Remembers the answer; returns a riddle id for the visitor's session. */
  pose(answer: string): string;
  /** Consumes the riddle, right or wrong; at most one call for an id gets a code. */
  solve(riddleId: string, text: string): Promise<Solved>;
}

/** What the site allows; each number is a ceiling. */
export interface SiteLimits {
  /** For each circuit, that is for each visitor as far as Tor lets us tell them apart; or address. */
  readonly requestsPerMinute: number;
  /** Sessions kept at once; the one unused for longest makes room. */
  readonly sessions: number;
  /** Connections open at once; further ones are closed unheard. */
  readonly connections: number;
}

/** How long the site waits for a slow client, in milliseconds. */
export interface SiteTimeouts {
  /** For the whole head of a request. */
  readonly headers: number;
  /** For the whole request. */
  readonly request: number;
  /** Between two requests of one connection. */
  readonly keepAlive: number;
  /** With no byte moving in either direction. */
  readonly silence: number;
  /** How often the first two are looked at. */
  readonly checkEvery: number;
}

/** Tor is slow, but a form of 1 kB is small: these end a slow-loris, not a visitor. */
export const TOR_TIMEOUTS: SiteTimeouts = {
  headers: 30_000,
  request: 60_000,
  keepAlive: 20_000,
  silence: 60_000,
  checkEvery: 5_000,
};

/** All that the site is told. */
export interface SiteOptions {
  /** Path of the unix socket, at most 107 bytes; made 0600 unless it is the proxy's. */
  readonly socket: string;
  /** What the operator calls this place; shown on every page. */
  readonly title: string;
  readonly desk: RiddleDesk;
  /** False while the relay could not take a new member: the riddle is not shown then. */
  readonly ready: () => boolean;
  readonly draw: () => Riddle;
  readonly limits: SiteLimits;
  /** Told the circuit of a visitor who goes on and on; may close it. */
  readonly cutOff: (circuit: number) => void;
  /** Milliseconds; only differences count, so a monotonic clock is best. */
  readonly now: () => number;
  readonly log: Log;
  /**
   * Set: the socket is the reverse proxy's, whose word on the visitor's address counts, and no
   * circuit is known. Left out: it is Tor's, and what a visitor says of addresses counts for nothing.
   */
  readonly clearnet?: ClearnetFront;
  /** {@link TOR_TIMEOUTS} unless told. */
  readonly timeouts?: SiteTimeouts;
}
