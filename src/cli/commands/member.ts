import type { AddCommands } from '../cli.js';
import { printList } from '../lists.js';
import type { Terminal } from '../terminal.js';
import { age, moment } from '../when.js';

/** A feed as the relay reports it; times in milliseconds since 1970. */
interface ReportedFeed {
  readonly feed: string;
  readonly member: boolean;
  readonly blocked: boolean;
  readonly connected: boolean;
  readonly state: 'ok' | 'paused' | 'refused';
  /** Of its last message at the relay; 0 without any. */
  readonly sequence: number;
  /** A sentence: why it does not go on. */
  readonly reason?: string;
  /** The code that it redeemed, when, and what the operator noted with it. */
  readonly invite?: string;
  readonly since?: number;
  readonly note?: string;
  /** The member who brought it along. */
  readonly sponsor?: string;
  /** How many feeds it brought along. */
  readonly guests?: number;
  readonly removedAt?: number;
}

/** What came of a removal. */
interface Removed {
  readonly removed: readonly string[];
  /** Feeds that it brought along and that stay. */
  readonly guests: readonly string[];
}

function lineOf({ feed, state, sequence, connected, reason }: ReportedFeed): string {
  const here = connected ? 'connected' : 'away';
  const line = `${feed}  ${state.padEnd(7)}  ${here.padEnd(9)}  ${sequence} messages`;
  return reason === undefined ? line : `${line}  ${reason}`;
}

function standing({ member, blocked, removedAt }: ReportedFeed): string {
  if (blocked) return 'banned';
  if (member) return 'member';
  return removedAt === undefined ? 'no member' : `removed on ${moment(removedAt)} UTC`;
}

/** Only what is on record; the relay forgets codes after 90 days. */
function cameBy({ invite, note, sponsor }: ReportedFeed): string | undefined {
  if (invite !== undefined)
    return note === undefined ? `code ${invite}` : `code ${invite}, ${note}`;
  return sponsor === undefined ? undefined : `brought along by ${sponsor}`;
}

/** One feed, a line for each thing to know. */
function printMember(terminal: Terminal, feed: ReportedFeed, now: number): void {
  const { since, guests, reason } = feed;
  const lines = [
    ['Feed', feed.feed],
    ['Here as', `${standing(feed)}${feed.connected ? ', connected' : ''}`],
    ['Since', since === undefined ? undefined : `${moment(since)} UTC (${age(since, now)})`],
    ['Came by', cameBy(feed)],
    ['Guests', guests === undefined ? undefined : String(guests)],
    ['Messages', String(feed.sequence)],
    ['State', feed.state],
    ['Reason', reason],
  ] as const;
  for (const [name, text] of lines) {
    if (text !== undefined) terminal.out(`${name.padEnd(8)}  ${text}`);
  }
}

function printRemoved(terminal: Terminal, { removed, guests }: Removed): void {
  const feeds = removed.length === 1 ? 'The feed is' : `${removed.length} feeds are`;
  terminal.err(`${feeds} removed. With a new code they can come back; "snug ban" keeps them out.`);
  if (guests.length === 0) return;
  terminal.err(`Feeds that came along with it stay (${guests.length}):`);
  for (const guest of guests) terminal.err(`  ${guest}`);
  terminal.err('The same command with --with-guests removes them too.');
}

/** `snug member list`, `show` and `remove` */
export const addMembers: AddCommands = (root, cli) => {
  const { ask, terminal } = cli;
  const member = root.command('member').description('whose feeds are carried, and how');
  member
    .command('list')
    .description('all members, with what does not go on and why')
    .option('--json', 'for scripts', false)
    .action(async ({ json }: { json: boolean }) =>
      printList(cli, await ask('member.list'), json, { none: 'No members yet.', line: lineOf }),
    );
  member
    .command('show')
    .description("how a feed stands here, a member's or another, and how it came")
    .argument('<feed>', 'its id, @….ed25519')
    .option('--json', 'for scripts', false)
    .action(async (feed: string, { json }: { json: boolean }) => {
      const report = (await ask('member.show', { feed })) as ReportedFeed;
      if (json) terminal.out(JSON.stringify(report));
      else printMember(terminal, report, Date.now());
    });
  member
    .command('remove')
    .description('unfollow a member and hang up on it, until it comes with a new code')
    .argument('<feed>', 'its id, @….ed25519')
    .option('--with-guests', 'also the feeds that it brought along; else they stay', false)
    .action(async (feed: string, options: { withGuests: boolean }) =>
      printRemoved(terminal, (await ask('member.remove', { feed, ...options })) as Removed),
    );
};
