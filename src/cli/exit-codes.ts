import { codeOf } from '../support/errors.js';

/** What the shell gets; the higher ones are those of sysexits(3). */
export const EXIT = {
  ok: 0,
  /** `snug status`: works, but needs a look. */
  degraded: 1,
  /** `snug status`: visitors cannot reach it, or it does not run. */
  down: 2,
  usage: 64,
  badData: 65,
  unavailable: 69,
  internal: 70,
  alreadyRunning: 75,
  notAllowed: 77,
  configuration: 78,
} as const;

/** For `snug --help`. */
export const EXIT_HELP = `
Exit codes:
  0  done            1  status: needs a look    2  status: down
  64 wrong usage     65 refused or bad data     69 not running, or Tor is missing
  70 internal error  75 already running         77 not allowed    78 bad configuration
`;

const BY_CODE: Readonly<Record<string, number>> = {
  CONFIG_INVALID: EXIT.configuration,
  FOLDER_UNUSABLE: EXIT.configuration,
  CLEARNET_OFF: EXIT.configuration,
  CLEARNET_BAD_VALUE: EXIT.configuration,
  PEER_IS_SELF: EXIT.configuration,
  SOCKET_IN_USE: EXIT.alreadyRunning,
  STATE_IN_USE: EXIT.alreadyRunning,
  NOT_RUNNING: EXIT.unavailable,
  NOT_READY: EXIT.unavailable,
  CONTROL_BROKEN: EXIT.unavailable,
  TOR_NOT_FOUND: EXIT.unavailable,
  TOR_TOO_OLD: EXIT.unavailable,
  NO_NATIVE_CRYPTO: EXIT.unavailable,
  NOT_ALLOWED: EXIT.notAllowed,
  INTERNAL: EXIT.internal,
  SSB_DIED: EXIT.internal,
};

/**
 * @param error what ended a command
 * @returns the exit code: that of its SnugError code, 65 for other refusals, 70 for faults
 */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  if (code === undefined || !/^[A-Z_]+$/.test(code)) return EXIT.internal;
  return BY_CODE[code] ?? EXIT.badData;
}
