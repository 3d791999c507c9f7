import { duration } from '../status/duration.js';

/**
 * @param time in milliseconds since 1970
 * @returns day and minute, in UTC
 */
export function moment(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}

/**
 * @param time in milliseconds since 1970
 * @param now the same
 * @returns how long ago that was; a clock that was set back makes nothing older than new
 */
export function age(time: number, now: number): string {
  return `${duration(Math.max(0, (now - time) / 1000))} ago`;
}
