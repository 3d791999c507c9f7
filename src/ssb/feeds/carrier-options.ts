import type { SignedValue } from 'ssb-server';
import type { Log } from '../../support/log.js';
import type { FeedLimits } from './room.js';

/** Options of `Carrier`. */
export interface CarrierOptions {
  /** The relay's own feed. */
  readonly id: string;
  /** Folder of the database. */
  readonly folder: string;
  /** What suits a small board if not given. */
  readonly limits?: FeedLimits | undefined;
  /** How long a peer may read nothing while something waits for it, in milliseconds. */
  readonly stallMs?: number | undefined;
  /** Whether the relay itself blocks the feed. */
  readonly isBlocked: (feed: string) => boolean;
  /** A peer has brought a message of the own feed. */
  readonly onOwn?: (message: SignedValue) => void;
  /** A peer says how much it holds of the own feed. */
  readonly onClaim?: (peer: string, sequence: number) => void;
  readonly log: Log;
}
