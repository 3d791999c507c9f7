import { codeOf, messageOf } from '../../support/errors.js';

/** A connection that ended by itself after it stood. */
export const LOST = 'the connection was lost';

/** Nothing came back in time. */
export const NO_ANSWER = 'it did not answer in time';

/**
 * What secret-handshake and multiserver say when the other side hangs up in the handshake: that is
 * how a relay refuses whom it does not know, and how it answers one that has its key wrong.
 */
const REFUSED = /phase [1-4]|hung up|hangup|stream ended/i;

/**
 * @param error of an attempt to connect to another relay
 * @returns why, for the operator; nothing that a stranger chose is in it
 */
export function whyNot(error: unknown): string {
  const text = messageOf(error);
  if (codeOf(error) === 'DIAL_FAILED') return 'it could not be reached through Tor; it may be off';
  if (/timeout|timed out/i.test(text)) return NO_ANSWER;
  if (REFUSED.test(text)) {
    return 'it shut the door: this relay must be among its peers, and its key in the address right';
  }
  return 'the connection could not be made';
}
