import type { Callback, Plugin } from 'ssb-server';
import { SnugError } from '../support/errors.js';
import { asFeedId } from '../support/feed-id.js';
import type { Log } from '../support/log.js';
import { answer } from './answer.js';
import { FollowQuota } from './follow-quota.js';
import type { Gate } from './gate.js';

/** What `follow` answers. */
export interface Followed {
  readonly contact: string;
  readonly following: true;
}

async function follow(
  gate: Gate,
  quota: FollowQuota,
  caller: string,
  feed: unknown,
): Promise<Followed> {
  const member = asFeedId(caller);
  if (member === undefined) throw new SnugError('NOT_A_MEMBER', 'Only members may ask for this.');
  await quota.run(member, () => gate.sponsor(member, feed));
  return { contact: String(feed), following: true };
}

/**
 * The methods of the relay that SSB's own packages do not have: `follow(feedId)`, asked for by the
 * specification, and the manifest entry that lets peers call `getAddress`.
 *
 * @param gate decides who may be followed
 * @returns a plugin without a name: its methods stand at the top level
 */
export function memberApi(gate: Gate, log: Log): Plugin {
  const quota = new FollowQuota();
  return {
    manifest: { follow: 'async', getAddress: 'sync' },
    init: () => ({
      follow(this: { id: string }, feed: unknown, cb: Callback<Followed>) {
        answer(follow(gate, quota, this.id, feed), cb, log);
      },
    }),
  };
}
