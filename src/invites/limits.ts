/*
 * Every bound of the invite desk in one place. What an operator may tune comes in through
 * DeskOptions instead; these protect the box and need no tuning.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** One line of a list that a person reads. */
export const MAX_NOTE_LENGTH = 200;
/** A code that outlives a year is a typing error in most cases and a forgotten key in the rest. */
export const MAX_LIFETIME_MS = 366 * DAY_MS;

/** How long a redeemed, revoked or expired code stays in the list before it is pruned. */
export const RETENTION_MS = 90 * DAY_MS;
/** Pruning rides on the making of codes, at most this often. */
export const PRUNE_EVERY_MS = HOUR_MS;
/**
 * Records looked at in one pass, so that a pass stays in the milliseconds on a small board. A full
 * ledger (30 codes an hour for 97 days: 70,000) is gone through in three days.
 */
export const PRUNE_SCAN = 1_000;
/** The newest codes that a list shows: some 2 MB of answer, more is of no use to a person. */
export const MAX_LISTED = 10_000;

/** Hexadecimal digits of a code's public name: 48 bits, no collision in practice. */
export const ID_LENGTH = 12;
/** Fewer digits would too easily name another code than the one that was meant. */
export const SHORTEST_PREFIX = 4;

/** Riddles waiting for their answer: some 500 kB of memory at most. The oldest gives way. */
export const MAX_RIDDLES = 2_000;
/** As long as the site's session cookie lives (issue 2, part 7). */
export const RIDDLE_LIFETIME_MS = 15 * MINUTE_MS;
/** No riddle has a longer answer; anything longer is not worth comparing. */
export const MAX_ANSWER_LENGTH = 64;

/**
 * How long after its redemption a code still opens the door. Over Tor a connection breaks easily
 * before the client has heard "yes"; when it asks again it learns that it is followed. Only the feed
 * that redeemed the code gets that answer, and nobody gets another use of it.
 */
export const ASK_AGAIN_MS = 10 * MINUTE_MS;

/** Calls that may wait in line for one lock before the desk says that it is busy. */
export const MAX_WAITING = 1_000;
/** Bans are kept in memory, for they are asked for at every handshake: 10,000 are some 3 MB. */
export const MAX_BANS = 10_000;
/** Removals are kept in memory too, for the desk asks at every start and redemption. */
export const MAX_REMOVALS = 10_000;
/** How long closing waits for calls under way; a claim cut off here is completed at the next start. */
export const CLOSE_PATIENCE_MS = 5_000;
/** The longest wait that an over-budget answer names, should the budget hardly refill at all. */
export const MAX_RETRY_SECONDS = 3_600;
