import { ago, duration } from './duration.js';

/** What the status needs to know of the relay's visits to itself. */
export interface VisitsView {
  /** Seconds since the last one that went well. */
  readonly lastWellSeconds?: number;
  /** Since the start. */
  readonly well: number;
  readonly failed: number;
  readonly ailment?: {
    readonly what: string;
    readonly hint: string;
    readonly seconds: number;
    /** Whether nobody gets in, as far as the relay can tell. */
    readonly shut: boolean;
  };
}

/** @returns the line of self-visits for people */
export function visitsLine(visits: VisitsView): string {
  const { lastWellSeconds, ailment, well, failed } = visits;
  const last =
    lastWellSeconds === undefined ? 'none has gone well yet' : `last well ${ago(lastWellSeconds)}`;
  const trouble = ailment === undefined ? '' : `; failing for ${duration(ailment.seconds)}`;
  return `Visits    by the relay itself: ${last}${trouble}; ${well} well, ${failed} failed`;
}

/** @returns what somebody should do about visits that fail, in words */
export function visitsTodo(visits: VisitsView | undefined): string[] {
  return visits?.ailment === undefined ? [] : [`${visits.ailment.what} ${visits.ailment.hint}`];
}
