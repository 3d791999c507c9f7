import { SnugError } from '../support/errors.js';

/** What the shell gets; the higher ones are those of sysexits(3). */
export const EXIT = {
  ok: 0,
  /** `snug status`: works, but needs a look; `snug doctor`: has found something. */
  degraded: 1,
  /** `snug status`: visitors cannot reach it, or it does not run; `snug doctor`: what is grave. */
  down: 2,
  usage: 64,
  badData: 65,
  unavailable: 69,
  internal: 70,
  alreadyRunning: 75,
  notAllowed: 77,
  configuration: 78,
  /** 128 and the number of the signal, as shells report it. */
  hungUp: 129,
  interrupted: 130,
  unread: 141,
  terminated: 143,
} as const;

/** What each means, for `snug --help` and the manual page. */
export const EXIT_WORDS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'done; status and doctor: all is well'],
  [EXIT.degraded, 'status: needs a look; doctor: something is not as it should be'],
  [EXIT.down, 'status: down; doctor: something grave'],
  [EXIT.usage, 'wrong usage'],
  [EXIT.badData, 'refused, or bad data'],
  [EXIT.unavailable, 'the relay does not run, or something that is needed is missing'],
  [EXIT.internal, 'internal error'],
  [EXIT.alreadyRunning, 'already running'],
  [EXIT.notAllowed, 'not allowed'],
  [EXIT.configuration, 'bad configuration'],
  [EXIT.interrupted, 'interrupted by Ctrl-C; 143 by SIGTERM, 129 by SIGHUP, 141: nobody reads on'],
];

/** For `snug --help`. */
export const EXIT_HELP = `
Exit codes:
${EXIT_WORDS.map(([code, meaning]) => `  ${String(code).padEnd(3)}  ${meaning}`).join('\n')}
`;

const BY_CODE: Readonly<Record<string, number>> = {
  CONFIG_INVALID: EXIT.configuration,
  CONFIG_NOT_NAMED: EXIT.usage,
  OTHER_RELAY: EXIT.usage,
  FOLDER_UNUSABLE: EXIT.configuration,
  CLEARNET_OFF: EXIT.configuration,
  CLEARNET_BAD_VALUE: EXIT.configuration,
  PEER_IS_SELF: EXIT.configuration,
  TORRC_BAD_INCLUDE: EXIT.configuration,
  TORRC_BAD_BRIDGE: EXIT.configuration,
  TORRC_BAD_PATH: EXIT.configuration,
  SOCKET_PATH_TAKEN: EXIT.configuration,
  SOCKET_PATH_LONG: EXIT.configuration,
  SOCKET_IN_USE: EXIT.alreadyRunning,
  STATE_IN_USE: EXIT.alreadyRunning,
  NOT_RUNNING: EXIT.unavailable,
  NOT_READY: EXIT.unavailable,
  CONTROL_BROKEN: EXIT.unavailable,
  NO_LOG: EXIT.unavailable,
  NO_RELAY: EXIT.unavailable,
  RESTORE_UNFINISHED: EXIT.configuration,
  RESTORE_RUNNING: EXIT.alreadyRunning,
  NO_MAIL: EXIT.unavailable,
  MAIL_OFFLINE: EXIT.unavailable,
  MAIL_UNREACHABLE: EXIT.unavailable,
  MAIL_SILENT: EXIT.unavailable,
  MAIL_LATER: EXIT.unavailable,
  MAIL_DEFERRED: EXIT.unavailable,
  MAIL_UNSURE: EXIT.unavailable,
  MAIL_BROKEN: EXIT.unavailable,
  MAIL_PASSWORD: EXIT.configuration,
  TOR_NOT_FOUND: EXIT.unavailable,
  TOR_TOO_OLD: EXIT.unavailable,
  BRIDGE_PROGRAM_MISSING: EXIT.unavailable,
  NO_NATIVE_CRYPTO: EXIT.unavailable,
  NOT_ALLOWED: EXIT.notAllowed,
  INTERNAL: EXIT.internal,
  SSB_DIED: EXIT.internal,
  CANCELLED: EXIT.interrupted,
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hungUp,
};

/**
 * @param error what ended a command
 * @returns the exit code: that of its SnugError code, 65 for other refusals, 70 for faults
 */
export function exitCodeOf(error: unknown): number {
  // Node's own errors have codes in capitals too, and are faults.
  if (!(error instanceof SnugError)) return EXIT.internal;
  return BY_CODE[error.code] ?? EXIT.badData;
}
