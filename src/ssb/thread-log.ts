import type { Level, Log } from '../support/log.js';
import type { Bridge, Served } from './bridge.js';

/** The log cuts lines at 2000 characters anyway; longer ones need not travel. */
const LONGEST_TEXT = 2000;

/** @returns a log that writes to that of the thread at the other end, which serves {@link logCalls} */
export function logThrough(bridge: () => Bridge, room?: string): Log {
  const line = (level: Level) => (message: string) =>
    bridge().tell('log', level, room, message.slice(0, LONGEST_TEXT));
  return {
    error: line('error'),
    warning: line('warning'),
    info: line('info'),
    debug: line('debug'),
    room: (name) => logThrough(bridge, name),
  };
}

/** @returns what {@link logThrough} calls */
export function logCalls(log: Log): Served {
  return {
    log: (level: Level, room: string | undefined, message: string) =>
      (room === undefined ? log : log.room(room))[level](message),
  };
}
