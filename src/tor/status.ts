import type { OnionHost } from '../support/onion-host.js';

/** Where Tor is on its way to being reachable. */
export type TorState =
  | 'stopped'
  | 'starting'
  | 'offline'
  | 'bootstrapping'
  | 'publishing'
  | 'published'
  | 'restarting';

/** A picture of Tor at one moment, for `snug status` and for readiness. */
export interface TorStatus {
  readonly state: TorState;
  readonly version?: string;
  readonly host?: OnionHost;
  /** Progress in percent; the texts are Tor's. */
  readonly bootstrap: {
    readonly progress: number;
    readonly summary: string;
    readonly warning?: string;
  };
  /** Descriptors that at least one directory has confirmed; the time is in ms since 1970. */
  readonly descriptors: {
    readonly wanted: number;
    readonly uploaded: number;
    readonly lastUpload?: number;
  };
  /** How far this machine's clock is ahead of the network's; negative when it is behind. */
  readonly clockSkewSeconds?: number;
  /** The gravest thing that is wrong now, in words, and what a person can do. */
  readonly problem?: { readonly what: string; readonly hint: string };
  readonly restarts: number;
  /** The directory authorities advise against this version. */
  readonly outdated?: true;
  readonly pid?: number;
}
