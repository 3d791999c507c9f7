import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Says something to the service manager. */
export type Notify = (message: {
  ready?: boolean;
  status?: string;
  alive?: boolean;
}) => Promise<void>;

const PROGRAM = 'systemd-notify';
/** It waits until systemd has read the message; on a board under load that takes its time. */
const DEADLINE_MS = 20_000;
const LONGEST_STATUS = 200;

const run = promisify(execFile);

/** systemd reads `NAME=value` lines (sd_notify(3)): a status is one line. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, LONGEST_STATUS);
}

/**
 * Node has no datagram sockets in the file system, so each message is a short life of
 * `systemd-notify` (the unit needs NotifyAccess=all): 10 ms of a processor each.
 *
 * @param env the process's environment
 * @param program another one in tests
 * @returns what speaks to systemd; undefined when nobody listens, that is outside of a unit
 */
export function notifierOf(env: NodeJS.ProcessEnv, program = PROGRAM): Notify | undefined {
  const socket = env.NOTIFY_SOCKET;
  if (socket === undefined || socket === '') return undefined;
  return async ({ ready, status, alive }) => {
    const words = [
      ...(ready === true ? ['--ready'] : []),
      ...(status === undefined ? [] : [`--status=${oneLine(status)}`]),
      ...(alive === true ? ['WATCHDOG=1'] : []),
    ];
    const environment = { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: socket };
    await run(program, words, { env: environment, timeout: DEADLINE_MS });
  };
}

/**
 * @param env the process's environment
 * @returns by how many milliseconds apart systemd wants signs of life; undefined if it wants none
 */
export function watchdogPeriod(env: NodeJS.ProcessEnv): number | undefined {
  const micros = Number(env.WATCHDOG_USEC);
  return Number.isSafeInteger(micros) && micros > 0 ? micros / 1000 : undefined;
}
