import type { Gate } from './gate.js';
import type { Relay, RelayOptions, RelayStatus } from './relay.js';

/**
 * What the main thread may ask of the relay: a new method of {@link Relay} needs a line here and
 * nothing else. Its arguments and its result must be plain data.
 */
export const RELAY_CALLS = [
  'isFollowing',
  'isBlocking',
  'follow',
  'unfollow',
  'setBanned',
  'block',
  'unblock',
  'feeds',
  'feed',
  'setOnline',
  'ownFeed',
  'untilOwnFeedBack',
  'publishAgain',
  'giveUpWaiting',
] as const satisfies readonly (keyof Relay)[];

/** What the relay asks of the desk in the main thread; one line for each question. */
export const GATE_CALLS = [
  'mayRedeem',
  'isBanned',
  'redeem',
  'sponsor',
] as const satisfies readonly (keyof Gate)[];

/** What the thread is told to open: plain data, so everything but the log. */
export type RelayPlan = Omit<RelayOptions, 'log'>;

/** What is known once the relay is open. */
export interface Opened {
  readonly id: Relay['id'];
  readonly address: string;
  readonly status: RelayStatus;
}
