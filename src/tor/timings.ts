/** How long this room waits for what, in milliseconds. Tests make them short. */
export interface TorTimings {
  /** For the answer to one control command. Loading a consensus from a slow card blocks Tor. */
  readonly command: number;
  /** Between two questions to a Tor that is otherwise left alone: one that hangs shows by them. */
  readonly pulse: number;
  /** For a fresh Tor to open its control socket. */
  readonly launch: number;
  /** Between two looks for that socket. */
  readonly look: number;
  /** From SIGTERM to SIGKILL. */
  readonly stop: number;
  /** Before the first restart. */
  readonly retryFirst: number;
  /** Before any later restart, at most. */
  readonly retryLongest: number;
  /** A Tor that ran this long counts as sound again. */
  readonly stable: number;
  /** Without any progress towards being published for this long, we say so. */
  readonly stall: number;
  /** rend-spec-v3: directories forget a descriptor after its lifetime, 180 minutes. */
  readonly descriptorLife: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const TIMINGS: TorTimings = {
  command: 60 * SECOND,
  pulse: MINUTE,
  launch: 60 * SECOND,
  look: 100,
  stop: 10 * SECOND,
  retryFirst: SECOND,
  retryLongest: 5 * MINUTE,
  stable: 10 * MINUTE,
  stall: 2 * MINUTE,
  descriptorLife: 180 * MINUTE,
};
