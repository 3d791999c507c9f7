/** What this needs of Tor: the newest word on the clock. */
export interface ClockSource {
  status(): { readonly clockSkewSeconds?: number };
  onChange(listener: (status: { readonly clockSkewSeconds?: number }) => void): () => void;
}

/** Options of {@link suggestTime}. */
export interface SuggestionOptions {
  readonly tor: ClockSource;
  /** Puts the text where whoever may set the clock finds it; replaces what was there at once. */
  readonly write: (text: string) => Promise<void>;
  /** Milliseconds since 1970, by the clock that may be wrong. */
  readonly now: () => number;
  /** Seconds since the machine was started, which no step of the clock changes. */
  readonly uptime: () => number;
  /** The file could not be written. */
  readonly failed: (error: unknown) => void;
}

/** Several relays say the same at once; a step shows in what they say next. In seconds. */
const QUIET = 300;

/**
 * Tells whoever may set the clock what time it is, when Tor says that the clock is wrong. The relay
 * has no right to set it. The text is two whole numbers, seconds since 1970 and the machine's uptime
 * at that moment: so it stays true however late it is read, and reading it twice does no harm.
 *
 * @returns ends that
 */
export function suggestTime(options: SuggestionOptions): () => void {
  const { tor, write, now, uptime, failed } = options;
  let told = Number.NEGATIVE_INFINITY;
  const tell = ({ clockSkewSeconds: skew }: { readonly clockSkewSeconds?: number }) => {
    if (skew === undefined || uptime() - told < QUIET) return;
    told = uptime();
    const truth = Math.round(now() / 1000) - skew;
    if (truth > 0) write(`${truth} ${Math.round(told)}\n`).catch(failed);
  };
  tell(tor.status());
  return tor.onChange(tell);
}
