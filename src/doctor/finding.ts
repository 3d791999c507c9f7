/** One thing that is not as it should be. */
export interface Found {
  /** Whether the relay cannot do its work, or may lose something, until it is mended. */
  readonly grave: boolean;
  /** What was found, a sentence. */
  readonly what: string;
  /** Why that matters, a sentence. */
  readonly reason: string;
  /** What the operator can do, a sentence. */
  readonly remedy: string;
  /** Mends it, where that cannot do harm. */
  readonly repair?: () => Promise<void>;
}

/** One thing to look at. */
export interface Check {
  /** A word or two, such as `file modes`. */
  readonly name: string;
  /** @returns what is not well; nothing when all is */
  look(): Promise<readonly Found[]>;
}

/** A finding as it is told. */
export interface Finding extends Omit<Found, 'repair'> {
  readonly repairable: boolean;
  readonly repaired: boolean;
}

/** What the whole examination has brought. */
export interface Report {
  readonly health: 'well' | 'findings' | 'grave';
  readonly checks: readonly { readonly name: string; readonly findings: readonly Finding[] }[];
}
