import * as v from 'valibot';
import { SnugError } from '../support/errors.js';
import { type FeedId, parseFeedId } from '../support/feed-id.js';
import type { ControlMethod } from './server.js';

/** What the operator's commands need of the relay. */
export interface Operator {
  status(): unknown;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  /** @param mailTo address that the code is mailed to; undefined: it is returned */
  createInvite(wish: { note?: string; lifetimeMs?: number }, mailTo?: string): Promise<unknown>;
  testMail(): Promise<void>;
  listInvites(): Promise<unknown>;
  revokeInvite(id: string): Promise<unknown>;
  ban(feed: FeedId, reason?: string): Promise<void>;
  unban(feed: FeedId): Promise<void>;
  listBans(): unknown;
  listMembers(): Promise<unknown>;
  showMember(feed: FeedId): Promise<unknown>;
  showSsh(): unknown;
  removeMember(feed: FeedId, withGuests: boolean): Promise<unknown>;
  /** Everything that a backup holds and that is not in files of its own. */
  recordsForBackup(): Promise<unknown>;
  /** Ends the wait for the relay's own feed, whatever comes of it. */
  publishAnyway(): Promise<void>;
  checkClearnet(): Promise<unknown>;
}

const DAY_MS = 86_400_000;

const CREATE = v.strictObject({
  note: v.optional(v.string()),
  days: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(365))),
  mail: v.optional(v.string()),
});
const REVOKE = v.strictObject({ id: v.string() });
const BAN = v.strictObject({ feed: v.string(), reason: v.optional(v.string()) });
const FEED = v.strictObject({ feed: v.string() });
const REMOVE = v.strictObject({ feed: v.string(), withGuests: v.optional(v.boolean(), false) });

function check<S extends v.GenericSchema>(schema: S, params: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, params);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'the request';
  throw new SnugError('BAD_REQUEST', `${where}: ${issue.message}`);
}

/**
 * @param operator does the work
 * @returns the methods of the control socket; each checks its arguments first
 */
export function controlMethods(operator: Operator): Readonly<Record<string, ControlMethod>> {
  return {
    status: () => operator.status(),
    metrics: () => operator.metrics(),
    'invite.create': (params) => {
      const { note, days, mail } = check(CREATE, params);
      const wish = {
        ...(note === undefined ? {} : { note }),
        ...(days === undefined ? {} : { lifetimeMs: Math.round(days * DAY_MS) }),
      };
      return operator.createInvite(wish, mail);
    },
    'mail.test': () => operator.testMail(),
    'invite.list': () => operator.listInvites(),
    'invite.revoke': (params) => operator.revokeInvite(check(REVOKE, params).id),
    ban: async (params) => {
      const { feed, reason } = check(BAN, params);
      await operator.ban(parseFeedId(feed), reason);
    },
    unban: async (params) => operator.unban(parseFeedId(check(FEED, params).feed)),
    'ban.list': () => operator.listBans(),
    'clearnet.check': () => operator.checkClearnet(),
    'member.list': () => operator.listMembers(),
    'member.show': (params) => operator.showMember(parseFeedId(check(FEED, params).feed)),
    'ssh.show': () => operator.showSsh(),
    'backup.records': () => operator.recordsForBackup(),
    'own-feed.publish-anyway': () => operator.publishAnyway(),
    'member.remove': (params) => {
      const { feed, withGuests } = check(REMOVE, params);
      return operator.removeMember(parseFeedId(feed), withGuests);
    },
  };
}
