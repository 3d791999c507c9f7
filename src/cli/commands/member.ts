import type { AddCommands } from '../cli.js';
import type { Terminal } from '../terminal.js';

/** A feed as the relay reports it. */
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
}

function lineOf({ feed, state, sequence, connected, reason }: ReportedFeed): string {
  const here = connected ? 'connected' : 'away';
  const line = `${feed}  ${state.padEnd(7)}  ${here.padEnd(9)}  ${sequence} messages`;
  return reason === undefined ? line : `${line}  ${reason}`;
}

/** One line a member. */
function printMembers(terminal: Terminal, result: unknown): void {
  const feeds = result as ReportedFeed[];
  if (feeds.length === 0) terminal.err('No members yet.');
  for (const feed of feeds) terminal.out(lineOf(feed));
}

function standing({ member, blocked }: ReportedFeed): string {
  if (blocked) return 'banned';
  return member ? 'member' : 'no member';
}

/** One feed, a line for each thing to know. */
function printMember(terminal: Terminal, result: unknown): void {
  const feed = result as ReportedFeed;
  terminal.out(`Feed      ${feed.feed}`);
  terminal.out(`Here as   ${standing(feed)}${feed.connected ? ', connected' : ''}`);
  terminal.out(`Messages  ${feed.sequence}`);
  terminal.out(`State     ${feed.state}`);
  if (feed.reason !== undefined) terminal.out(`Reason    ${feed.reason}`);
}

/** `snug member list` and `show` */
export const addMembers: AddCommands = (root, { ask, terminal }) => {
  const member = root.command('member').description('whose feeds are carried, and how');
  member
    .command('list')
    .description('all members, with what does not go on and why')
    .action(async () => printMembers(terminal, await ask('member.list')));
  member
    .command('show')
    .description("how a feed stands here, a member's or another")
    .argument('<feed>', 'its id, @….ed25519')
    .action(async (feed: string) => printMember(terminal, await ask('member.show', { feed })));
};
