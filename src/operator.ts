import { sshAccess } from './card.js';
import type { ClearnetSite } from './clearnet-site.js';
import type { Operator } from './control/methods.js';
import type { Health } from './health.js';
import type { InviteDesk, Origin } from './invites/desk.js';
import type { Post } from './post.js';
import type { Ground } from './rooms.js';
import type { FeedReport } from './ssb/feeds/reports.js';
import type { RelayThread } from './ssb/relay-thread.js';
import { SnugError } from './support/errors.js';
import type { FeedId } from './support/feed-id.js';
import type { Tor } from './tor/tor.js';

/** The rooms that the operator's commands are for. */
export interface OperatorParts {
  readonly tor: Pick<Tor, 'host' | 'ssh'>;
  readonly clearnet: Pick<ClearnetSite, 'check'>;
  readonly health: Pick<Health, 'look' | 'metrics'>;
  readonly post: Pick<Post, 'invite' | 'test'>;
  /** @throws SnugError NOT_READY while it is not open */
  readonly desk: () => InviteDesk;
  /** @throws SnugError NOT_READY while it is not open */
  readonly relay: () => RelayThread;
}

/** Puts what the desk has on record of them beside how feeds stand in the log. */
async function withOrigins(
  desk: InviteDesk,
  reports: FeedReport[],
): Promise<(FeedReport & Origin)[]> {
  const origins = await desk.origins(reports.map(({ feed }) => feed));
  return reports.map((report) => ({ ...report, ...origins.get(report.feed) }));
}

function notOwn(relay: RelayThread, feed: FeedId): FeedId {
  if (feed !== relay.id) return feed;
  throw new SnugError('OWN_FEED', "That is this relay's own feed.", {
    hint: 'Name the feed of somebody else; "snug member list" shows who is a member.',
  });
}

/** @returns what the control socket offers, put together from the rooms */
export function operatorOf(ground: Ground, parts: OperatorParts): Operator {
  const { tor, clearnet, health, post, desk, relay } = parts;
  return {
    status: () => health.look(),
    metrics: () => health.metrics(),
    createInvite: (wish, mailTo) =>
      mailTo === undefined ? desk().create(wish) : post.invite(mailTo, wish),
    testMail: () => post.test(),
    listInvites: () => desk().list(),
    revokeInvite: (id) => desk().revoke(id),
    ban: (feed, reason) => desk().ban(notOwn(relay(), feed), reason),
    unban: (feed) => desk().unban(feed),
    listBans: () => desk().bans(),
    checkClearnet: () => clearnet.check(),
    listMembers: async () => withOrigins(desk(), await relay().feeds()),
    showMember: async (feed) => (await withOrigins(desk(), [await relay().feed(feed)]))[0],
    showSsh: () => sshAccess(ground, tor),
    recordsForBackup: async () => ({
      feed: relay().id,
      host: tor.host,
      // In this order: what the ledger knows and the feed does not is published again.
      ownFeed: await relay().ownFeed(),
      invites: await desk().export(),
    }),
    publishAnyway: () => relay().giveUpWaiting(),
    removeMember: (feed, withGuests) => desk().remove(notOwn(relay(), feed), withGuests),
  };
}
