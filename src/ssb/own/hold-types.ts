import type { Clock } from '../../support/clock.js';
import type { FeedId } from '../../support/feed-id.js';
import type { Log } from '../../support/log.js';
import type { Wires } from '../feeds/wires.js';
import type { FeedPort } from './comparison.js';

/** Pauses of the hold; a test has shorter ones. */
export interface HoldTimings {
  /** Nobody has brought a message of the own feed for so long. */
  readonly quietMs: number;
  /** After so long a few peers are enough where not all have come. */
  readonly patienceMs: number;
  /** How long a mere claim of one peer may hold up publishing. */
  readonly doubtMs: number;
}

/** What the hold needs to know of the relay. */
export interface HoldPorts {
  readonly own: FeedPort;
  /** @returns the id of the own message at this sequence */
  readonly idAt: (sequence: number) => Promise<string | undefined>;
  /** @returns whether a peer holds another message in the place of one of ours */
  readonly isForked: () => boolean;
  /** @returns how much of the own feed a connected peer has by its own word (EBT) */
  readonly claimOf: (peer: string) => number | undefined;
  /** @returns whom the relay follows, as far as its feed tells now */
  readonly members: () => readonly FeedId[];
  readonly isBlocked: (feed: FeedId) => boolean;
  /** The relays of the configuration. */
  readonly listed: ReadonlySet<FeedId>;
}

/** Options of the hold. */
export interface HoldOptions {
  /** Of the database; the record lies in it. */
  readonly folder: string;
  readonly wires: Wires;
  readonly log: Log;
  readonly timings?: Partial<HoldTimings> | undefined;
  readonly clock?: Clock;
}

/** How it is with the own feed, for `snug status`. */
export interface OwnFeedStatus {
  /** Of its last message here. */
  readonly sequence: number;
  /** Some peer holds another message in the place of one of ours. */
  readonly forked: boolean;
  /** Nothing is published, and why. */
  readonly held?: {
    /** How far the feed is known to have come. */
    readonly recorded: number;
    /** Members and listed relays that have said what they hold, and how many there are. */
    readonly heard: number;
    readonly of: number;
  };
}

/** The own feed is back. */
export interface OwnFeedBack {
  /** It has, or may have, more messages than the record knew of. */
  readonly newer: boolean;
  /** Of the record: what comes after it is newer than what was restored. */
  readonly recorded: number;
}
