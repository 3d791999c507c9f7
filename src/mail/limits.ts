const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Letters that wait at once. */
export const MOST_QUEUED = 100;
/** A letter that could not be sent for so long tells nobody anything. */
export const LONGEST_WAIT = 30 * DAY;
/** Letters that the relay sends of its own accord in 24 hours; tests and invites are apart. */
export const MOST_A_DAY = 20;
/** Onion addresses whose first mail is remembered. */
export const MOST_ADDRESSES = 20;

/** Between tries while the server does not take anything. */
export const RETRY_FIRST = MINUTE;
export const RETRY_LONGEST = HOUR;
/** Letters that wait for their own time are looked at so often. */
export const LOOK_AGAIN = 15 * MINUTE;

/**
 * Refusals of one letter until it is given up: account or address may only need to be corrected. A
 * friend's address that is refused for good is wrong, and is not kept.
 */
export const MOST_REFUSALS = 5;
/** From one refusal to the next try; doubled each time. */
export const REFUSED_PAUSE = HOUR;
/** From one "not now" to a letter to its next try; doubled each time up to the longest. */
export const DEFERRED_PAUSE = { first: LOOK_AGAIN, longest: HOUR } as const;
/** So often a server may be silent after a letter's last dot until it counts as sent. */
export const MOST_UNSURE = 3;

/** How often what is wrong is looked at; what follows counts these looks. */
export const LOOK_EVERY = MINUTE;
/** The same kind of alert is not sent again for so long, however often it comes and goes. */
export const ALERT_PAUSE = DAY;

/** A session that is under way at the end may finish in this time. */
export const STOP_PATIENCE = 5000;

/** Deadlines of one session, in milliseconds; Tor on a bad day is slow. */
export interface SessionTimings {
  /** For Tor to connect. */
  readonly dial: number;
  /** For the greeting, and for TLS. */
  readonly greeting: number;
  /** Without a byte from the server: it may filter for ten minutes (RFC 5321, 4.5.3.2.6). */
  readonly silence: number;
  /** For all of it. */
  readonly whole: number;
}

export const TIMINGS: SessionTimings = {
  dial: 90_000,
  greeting: 60_000,
  silence: 10 * MINUTE,
  whole: 15 * MINUTE,
};
/** `snug mail test` waits for its answer, and the control socket for a minute only. */
export const TEST_DEADLINE = 50_000;
