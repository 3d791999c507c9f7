/** A load of feeds: one member, whom the relay follows, and the feeds that this member follows. */
export interface Load {
  /** The member's feed included. */
  readonly feeds: number;
  /** In each feed. */
  readonly messages: number;
}

/** How much of everything is measured. */
export interface Plan {
  /** For intake on loopback, by the relay and by stock ssb-server. */
  readonly intake: Load;
  /** While visitors come. */
  readonly visited: Load;
  /** How often each is measured; the round with the middle ratio counts. */
  readonly rounds: { readonly intake: number; readonly onion: number; readonly site: number };
  /** Over the onion, whose circuits need a second or two to come up to speed. */
  readonly onion: Load;
  /** Bytes, sent raw over the onion. */
  readonly raw: number;
  /** Sent over the onion, each of so many bytes. */
  readonly blobs: { readonly count: number; readonly bytes: number };
  /** Visits to an idle site. */
  readonly visits: number;
  /** What fills the relay for memory and cold start: the load, again and again. */
  readonly fill: Load;
  /** Messages in the relay when it is full. */
  readonly full: number;
}

/** The numbers of the targets. */
export const FULL: Plan = {
  intake: { feeds: 20, messages: 1000 },
  visited: { feeds: 50, messages: 1000 },
  rounds: { intake: 7, onion: 3, site: 3 },
  onion: { feeds: 20, messages: 3000 },
  raw: 64 * 1024 * 1024,
  blobs: { count: 12, bytes: 5_000_000 },
  visits: 500,
  fill: { feeds: 500, messages: 100 },
  full: 500_000,
};

/** The same questions in a few minutes. */
export const QUICK: Plan = {
  intake: { feeds: 10, messages: 1000 },
  visited: { feeds: 20, messages: 1000 },
  rounds: { intake: 7, onion: 3, site: 3 },
  onion: { feeds: 10, messages: 3000 },
  raw: 16 * 1024 * 1024,
  blobs: { count: 10, bytes: 5_000_000 },
  visits: 200,
  fill: { feeds: 500, messages: 40 },
  full: 150_000,
};
