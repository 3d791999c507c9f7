import type { FeedId } from '../support/feed-id.js';
import { idOf } from './invite.js';
import type { Ledger } from './ledger.js';
import type { Removals } from './removals.js';
import type { Sponsors } from './sponsors.js';

/** How a feed came here, as far as that is on record; times in milliseconds since 1970. */
export interface Origin {
  /** Name of the code that it redeemed last, and what the operator noted with it. */
  readonly invite?: string;
  readonly note?: string;
  /** When it redeemed that code. */
  readonly since?: number;
  /** The member on whose allowance it was brought along. */
  readonly sponsor?: FeedId;
  /** How many feeds it has brought along itself. */
  readonly guests?: number;
  /** When the operator removed it. */
  readonly removedAt?: number;
}

type Code = Pick<Origin, 'invite' | 'note'> & { readonly since: number };

/** @returns the code that each of the feeds has redeemed last */
async function codesOf(feeds: ReadonlySet<FeedId>, ledger: Ledger): Promise<Map<FeedId, Code>> {
  const codes = new Map<FeedId, Code>();
  for await (const [hash, { state, feed, closedAt, note }] of ledger.all()) {
    if (feed === undefined || !feeds.has(feed)) continue;
    if (state !== 'redeemed' || closedAt === undefined) continue;
    if ((codes.get(feed)?.since ?? -Infinity) > closedAt) continue;
    codes.set(feed, {
      invite: idOf(hash),
      since: closedAt,
      ...(note === undefined ? {} : { note }),
    });
  }
  return codes;
}

/**
 * Puts together what the desk's records say. A code is forgotten 90 days after it was redeemed, and
 * then nothing is said of it.
 *
 * @param feeds whose records are wanted
 * @returns an entry for each feed; an empty one when nothing is on record
 */
export async function originsOf(
  feeds: readonly FeedId[],
  ledger: Ledger,
  sponsors: Sponsors,
  removals: Removals,
): Promise<Map<FeedId, Origin>> {
  const codes = await codesOf(new Set(feeds), ledger);
  const sponsorOf = await sponsors.sponsors();
  const guests = new Map<FeedId, number>();
  for (const sponsor of sponsorOf.values()) guests.set(sponsor, (guests.get(sponsor) ?? 0) + 1);
  const origin = (feed: FeedId): Origin => {
    const sponsor = sponsorOf.get(feed);
    const brought = guests.get(feed);
    const removedAt = removals.at(feed);
    return {
      ...codes.get(feed),
      ...(sponsor === undefined ? {} : { sponsor }),
      ...(brought === undefined ? {} : { guests: brought }),
      ...(removedAt === undefined ? {} : { removedAt }),
    };
  };
  return new Map(feeds.map((feed) => [feed, origin(feed)]));
}
