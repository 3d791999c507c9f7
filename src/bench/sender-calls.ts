import type { Way } from './dial.js';
import type { Load } from './plan.js';

/** What was made to be sent. */
export interface Made {
  /** The member's feed. */
  readonly id: string;
  readonly messages: number;
  /** Of the messages as JSON. */
  readonly bytes: number;
}

/** How long everything took: from the first message sent until the last could be asked back. */
export interface Sent {
  readonly ms: number;
}

/** What the sender's thread does, in the order in which it is asked. */
export interface SenderCalls {
  /** Makes keys and signed messages in memory. */
  make(load: Load): Promise<Made>;
  /** Makes the sender a member, with an invite code. */
  redeem(way: Way, code: string): Promise<void>;
  /**
   * Sends everything by EBT.
   * @param relay feed id of the receiver
   */
  send(way: Way, relay: string): Promise<Sent>;
  /** Sends random blobs, each of so many bytes, to a relay that has none of them. */
  sendBlobs(way: Way, relay: string, count: number, bytes: number): Promise<Sent>;
  close(): Promise<void>;
}
