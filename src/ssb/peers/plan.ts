import type { FeedId } from '../../support/feed-id.js';
import type { OnionHost } from '../../support/onion-host.js';
import { formatOnionAddress } from '../ssb-tor/address.js';

/** A relay that the operator has listed. Plain data: it travels between threads. */
export interface PeerPlan {
  /** What the operator calls it. */
  readonly name: string | undefined;
  readonly host: OnionHost;
  /** 1 … 65535 */
  readonly port: number;
  /** Its feed, which is also its public key. */
  readonly id: FeedId;
  /** Where it stands in the configuration, for what can only be found wrong later. */
  readonly line: number | undefined;
}

/**
 * How it is with a listed relay: `offline` while our own Tor is, `banned` while the operator bans
 * it.
 */
export type PeerState = 'connected' | 'dialling' | 'waiting' | 'offline' | 'banned';

/** What `snug status` shows of a listed relay; times in milliseconds since 1970. */
export interface PeerStatus {
  readonly name: string | undefined;
  readonly id: FeedId;
  readonly address: string;
  readonly state: PeerState;
  /** Since when it is connected. */
  readonly since?: number;
  /** When it is dialled next. */
  readonly nextTry?: number;
  /** Why it is not connected, in words. */
  readonly lastError?: string;
}

/** @returns the multiserver address of a listed relay, the only form in which one is dialled */
export function addressOf({ host, port, id }: PeerPlan): string {
  const key = id.slice(1, -'.ed25519'.length);
  return `${formatOnionAddress(host, port)}~shs:${key}`;
}
