import type { Terminal } from './terminal.js';

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
export function printMembers(terminal: Terminal, result: unknown): void {
  const feeds = result as ReportedFeed[];
  if (feeds.length === 0) terminal.err('No members yet.');
  for (const feed of feeds) terminal.out(lineOf(feed));
}

function standing({ member, blocked }: ReportedFeed): string {
  if (blocked) return 'banned';
  return member ? 'member' : 'no member';
}

/** One feed, a line for each thing to know. */
export function printMember(terminal: Terminal, result: unknown): void {
  const feed = result as ReportedFeed;
  terminal.out(`Feed      ${feed.feed}`);
  terminal.out(`Here as   ${standing(feed)}${feed.connected ? ', connected' : ''}`);
  terminal.out(`Messages  ${feed.sequence}`);
  terminal.out(`State     ${feed.state}`);
  if (feed.reason !== undefined) terminal.out(`Reason    ${feed.reason}`);
}
