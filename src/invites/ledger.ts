import { SnugError } from '../support/errors.js';
import {
  hasExpired,
  type Invite,
  type InviteSummary,
  idOf,
  inviteSchema,
  summaryOf,
} from './invite.js';
import {
  ASK_AGAIN_MS,
  MAX_LISTED,
  PRUNE_EVERY_MS,
  PRUNE_SCAN,
  RETENTION_MS,
  SHORTEST_PREFIX,
} from './limits.js';
import type { Store, Write } from './store.js';
import { Table } from './table.js';

/** Records read at once when the whole ledger is gone through. */
const PAGE = 1_000;

/** @returns whether the record has told its story for long enough. Claims are kept: they are owed. */
function isStale(invite: Invite, now: number): boolean {
  const over = now - RETENTION_MS;
  if (invite.state === 'claimed') return false;
  if (invite.state === 'open') return invite.expiresAt < over;
  return (invite.closedAt ?? invite.createdAt) < over;
}

/** A clock that was set in between may also make the redemption lie in the future. */
function wasJustRedeemed({ closedAt }: Invite, now: number): boolean {
  return closedAt !== undefined && Math.abs(now - closedAt) < ASK_AGAIN_MS;
}

function noSuchInvite(): SnugError {
  return new SnugError('NO_SUCH_INVITE', 'There is no invite of that name.', {
    hint: '`snug invite list` shows the names.',
  });
}

/** All codes ever made and not yet pruned, each under the hash of its public key. */
export class Ledger {
  readonly #store: Store;
  readonly #table: Table<Invite>;
  readonly #now: () => number;
  #prunedAt: number | undefined;
  #pruneFrom = '';

  /** @param now milliseconds since 1970 */
  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#table = new Table(store, 'invites', inviteSchema);
    this.#now = now;
  }

  /** @returns the code stored under this hash, if any. Reads only: strangers ask. */
  get(hash: string): Promise<Invite | undefined> {
    return this.#table.get(hash);
  }

  /** @returns the change that stores the code, for a batch with others */
  put(hash: string, invite: Invite): Write {
    return this.#table.put(hash, invite);
  }

  /** Resolves when the code is stored for good. */
  save(hash: string, invite: Invite): Promise<void> {
    return this.#store.commit([this.put(hash, invite)]);
  }

  /**
   * @param prefix a code's id or its first digits
   * @returns the one code that it names
   * @throws SnugError NO_SUCH_INVITE or AMBIGUOUS_INVITE
   */
  async find(prefix: string): Promise<{ hash: string; invite: Invite }> {
    const from = prefix.trim().toLowerCase();
    if (!/^[0-9a-f]{1,64}$/.test(from)) throw noSuchInvite();
    if (from.length < SHORTEST_PREFIX) {
      throw new SnugError('AMBIGUOUS_INVITE', 'That is too short to name one invite.', {
        hint: `Give at least ${SHORTEST_PREFIX} digits of its name.`,
      });
    }
    // "g" follows the last hexadecimal digit, so this is every hash that begins with the prefix.
    const [first, second] = await this.#table.entries({ from, below: `${from}g`, limit: 2 });
    if (first === undefined) throw noSuchInvite();
    if (second !== undefined) {
      throw new SnugError('AMBIGUOUS_INVITE', 'More than one invite has a name like that.', {
        hint: 'Give more digits of its name.',
      });
    }
    return { hash: first[0], invite: first[1] };
  }

  /** Goes through all codes, page by page, in no order that means anything. */
  async *all(): AsyncGenerator<readonly [hash: string, invite: Invite]> {
    let from = '';
    for (;;) {
      const page = await this.#table.entries({ from, limit: PAGE });
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      from = `${last[0]}\0`;
    }
  }

  /** @returns the newest {@link MAX_LISTED} codes, newest first */
  async list(): Promise<InviteSummary[]> {
    const now = this.#now();
    const summaries: InviteSummary[] = [];
    for await (const [hash, invite] of this.all()) summaries.push(summaryOf(hash, invite, now));
    summaries.sort((a, b) => b.createdAt - a.createdAt || a.id.localeCompare(b.id));
    return summaries.slice(0, MAX_LISTED);
  }

  /**
   * @param prefix a code's id or its first digits
   * @returns the code, which nobody can redeem from now on; revoking twice changes nothing
   * @throws SnugError NO_SUCH_INVITE, AMBIGUOUS_INVITE or INVITE_REDEEMED
   */
  async revoke(prefix: string): Promise<InviteSummary> {
    const { hash, invite } = await this.find(prefix);
    if (invite.state === 'redeemed' || invite.state === 'claimed') {
      throw new SnugError('INVITE_REDEEMED', `Invite ${idOf(hash)} has been redeemed already.`, {
        hint: 'To shut its member out, ban their feed: `snug ban`.',
      });
    }
    const now = this.#now();
    if (invite.state === 'revoked') return summaryOf(hash, invite, now);
    const revoked: Invite = { ...invite, state: 'revoked', closedAt: now };
    await this.save(hash, revoked);
    return summaryOf(hash, revoked, now);
  }

  /** @returns whether a stranger who holds this code's key has anything to do here. Reads only. */
  async isRedeemable(hash: string): Promise<boolean> {
    const invite = await this.get(hash);
    const now = this.#now();
    if (invite === undefined || hasExpired(invite, now)) return false;
    if (invite.state === 'redeemed') return wasJustRedeemed(invite, now);
    return invite.state === 'open' || invite.state === 'claimed';
  }

  /**
   * Forgets codes that were redeemed, revoked or expired {@link RETENTION_MS} ago. One call looks
   * at {@link PRUNE_SCAN} records at most and goes on from there the next time; calls within
   * {@link PRUNE_EVERY_MS} of the last do nothing.
   */
  async prune(): Promise<void> {
    const now = this.#now();
    const since = this.#prunedAt === undefined ? Infinity : Math.abs(now - this.#prunedAt);
    if (since < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    const page = await this.#table.entries({ from: this.#pruneFrom, limit: PRUNE_SCAN });
    const last = page.length < PRUNE_SCAN ? undefined : page.at(-1);
    this.#pruneFrom = last === undefined ? '' : `${last[0]}\0`;
    const stale = page.filter(([, invite]) => isStale(invite, now));
    if (stale.length === 0) return;
    await this.#store.commit(stale.map(([hash]) => this.#table.remove(hash)));
  }
}
