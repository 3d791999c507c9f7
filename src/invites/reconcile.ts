import { messageOf, SnugError } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import type { Bans } from './bans.js';
import type { Doubt, Doubtful } from './doubt.js';
import type { Ledger } from './ledger.js';
import type { Mutex } from './mutex.js';
import { originsOf } from './origins.js';
import type { Redemptions } from './redemption.js';
import type { Removals } from './removals.js';
import type { Sponsors } from './sponsors.js';

/** The records that the log has to agree with. */
export interface Records {
  readonly ledger: Ledger;
  readonly bans: Bans;
  readonly removals: Removals;
  readonly sponsors: Sponsors;
  readonly redemptions: Redemptions;
  readonly doubt: Doubt;
  /** The desk's one lock around everything that speaks to the graph. */
  readonly line: Mutex;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What the relay's own feed says last of a feed. */
export type Word = 'follow' | 'block' | 'none';

/**
 * Makes the log say what the records say. See `InviteDesk.reconcile`.
 *
 * @throws SnugError RECONCILE_INCOMPLETE when some could not be completed; the rest are
 */
export async function reconcile(records: Records): Promise<void> {
  const { ledger, bans, removals, redemptions, sponsors } = records;
  const failures: unknown[] = [];
  const attempt = async (work: Promise<void>) => {
    await work.catch((error: unknown) => failures.push(error));
  };
  for (const feed of bans.feeds()) await attempt(bans.settle(feed));
  for (const feed of removals.owed()) await attempt(removals.settle(feed));
  for await (const [hash, invite] of ledger.all()) await attempt(redemptions.restore(hash, invite));
  for (const feed of await sponsors.feeds()) await attempt(sponsors.restore(feed));
  if (failures.length === 0) return;
  const why = messageOf(failures[0]);
  throw new SnugError('RECONCILE_INCOMPLETE', `${failures.length} follows or blocks are owed.`, {
    cause: failures[0],
    hint: `The first failed so: ${why} They are tried again at the next start.`,
  });
}

/** What has come back of the relay's own feed, beyond what the records can know. */
export interface OwnNews {
  /** There was, or may have been, more than was recorded. */
  readonly newer: boolean;
  /** The last word of it on each feed. */
  readonly words: readonly (readonly [FeedId, Word])[];
}

/** The records come from a backup: notes what they say, so that what is done from now on counts. */
export async function beginDoubt({ ledger, bans, removals, doubt }: Records): Promise<void> {
  const codes: string[] = [];
  for await (const [hash, { state }] of ledger.all()) if (state === 'open') codes.push(hash);
  await doubt.note({ codes, banned: bans.list().map(({ feed }) => feed), removed: removals.all() });
}

async function withdraw({ ledger, now }: Records, doubtful: Doubtful | undefined): Promise<void> {
  const codes = doubtful && new Set(doubtful.codes);
  for await (const [hash, invite] of ledger.all()) {
    if (invite.state !== 'open' || codes?.has(hash) === false) continue;
    await ledger.save(hash, { ...invite, state: 'revoked', closedAt: now() });
  }
}

async function learn(
  { ledger, bans, removals, sponsors }: Records,
  words: OwnNews['words'],
  doubtful: Doubtful | undefined,
): Promise<void> {
  // Where nothing was noted, whatever is on record stays.
  const banned = new Set(doubtful?.banned);
  const removed = new Set(doubtful?.removed);
  const origins = await originsOf(
    words.map(([feed]) => feed),
    ledger,
    sponsors,
    removals,
  );
  for (const [feed, word] of words) {
    const { invite, sponsor } = origins.get(feed) ?? {};
    const cameHere = (invite ?? sponsor) !== undefined;
    // Where the operator has spoken since, that counts.
    if (bans.has(feed) === banned.has(feed)) await bans.learn(feed, word === 'block', cameHere);
    if (removals.has(feed) !== removed.has(feed)) continue;
    if (word === 'follow') await removals.learn(feed, false, sponsors);
    // Nobody else would be followed again for what the records say.
    if (word === 'none' && cameHere) await removals.learn(feed, true, sponsors);
  }
}

/**
 * Makes the records say what the relay itself has published after they were written: they come
 * from a backup, its feed came back from members. A code that is open in such a record may have
 * been redeemed since, so it is withdrawn: no code may ever work twice.
 *
 * @throws SnugError of the store
 */
export async function catchUp(records: Records, { newer, words }: OwnNews): Promise<void> {
  await records.line.run(async () => {
    const doubtful = await records.doubt.noted();
    if (newer) {
      await withdraw(records, doubtful);
      await learn(records, words, doubtful);
    }
    await records.doubt.end();
  });
}
