import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { asFeedId, type FeedId } from '../support/feed-id.js';
import { ID_LENGTH } from './limits.js';

/** A feed id as it is read back from the database. */
export const feedSchema = v.custom<FeedId>((value) => asFeedId(value) !== undefined);
const millis = v.pipe(v.number(), v.finite());

/**
 * One code as it is stored, under the hash of its public key. Times are milliseconds since 1970.
 * `claimed` means that `feed` has begun to redeem it and nobody else ever can.
 */
export const inviteSchema = v.object({
  state: v.picklist(['open', 'claimed', 'redeemed', 'revoked']),
  createdAt: millis,
  expiresAt: millis,
  note: v.exactOptional(v.string()),
  feed: v.exactOptional(feedSchema),
  /** When it was redeemed or revoked. */
  closedAt: v.exactOptional(millis),
});

/** See {@link inviteSchema}. */
export type Invite = v.InferOutput<typeof inviteSchema>;

/** What an operator sees of a code; never the code. Times are milliseconds since 1970. */
export interface InviteSummary {
  /** Its public name, {@link ID_LENGTH} hexadecimal digits. */
  readonly id: string;
  readonly note?: string;
  /** A code that a feed has begun to redeem counts as redeemed; it has no `redeemedAt` yet. */
  readonly state: 'open' | 'redeemed' | 'expired' | 'revoked';
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly redeemedAt?: number;
  /** Who redeemed it. */
  readonly feed?: FeedId;
}

/**
 * @param codeKey public key of a code's seed
 * @returns the name under which the code is stored: SHA-256 in hexadecimal. The seed and its key
 *   are 32 random bytes, so the hash needs no salt.
 */
export function hashOf(codeKey: FeedId): string {
  return createHash('sha256').update(codeKey).digest('hex');
}

/** @returns the short public name of the code that is stored under this hash */
export function idOf(hash: string): string {
  return hash.slice(0, ID_LENGTH);
}

/**
 * Only an untouched code expires: a claim made in time may be completed later. Boards boot in the
 * past, so a code from "the future" is simply one that has not expired.
 *
 * @param now milliseconds since 1970
 */
export function hasExpired(invite: Invite, now: number): boolean {
  return invite.state === 'open' && now >= invite.expiresAt;
}

/**
 * @param hash under which it is stored
 * @param now milliseconds since 1970
 * @returns what an operator may see of it
 */
export function summaryOf(hash: string, invite: Invite, now: number): InviteSummary {
  const { note, feed, closedAt, createdAt, expiresAt } = invite;
  const state = invite.state === 'claimed' ? 'redeemed' : invite.state;
  const redeemedAt = invite.state === 'redeemed' ? closedAt : undefined;
  return {
    id: idOf(hash),
    state: hasExpired(invite, now) ? 'expired' : state,
    createdAt,
    expiresAt,
    ...(note === undefined ? {} : { note }),
    ...(redeemedAt === undefined ? {} : { redeemedAt }),
    ...(feed === undefined ? {} : { feed }),
  };
}
