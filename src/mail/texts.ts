import type { MailAddress } from '../support/mail-address.js';
import type { Condition, ConditionId } from './conditions.js';
import type { Letter } from './letter.js';

/** What each kind of alert is about, for the subject. */
const SUBJECTS: Readonly<Record<ConditionId, string>> = {
  'tor-down': 'visitors cannot reach the relay',
  'self-visit': 'the relay cannot visit itself',
  disk: 'the disk fills up',
  clock: 'the clock is wrong',
  'restart-loop': 'the relay starts again and again',
  update: 'an update is needed',
};

const FOOT = 'This mail comes from your Snug relay. "snug status" there says more.';

function when(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function body(...paragraphs: readonly string[]): string {
  return `${paragraphs.join('\n\n')}\n`;
}

/**
 * @param url of the page for visitors
 * @returns the first mail for an onion address
 */
export function firstLetter(url: string): Letter {
  return {
    id: `first-${new URL(url).hostname.replace(/[^a-z0-9]/g, '-')}`,
    subject: 'Snug: the address of your relay',
    text: body(
      'Your relay has an address:',
      url,
      'Open it in Tor Browser, or let a friend scan the picture. Whoever solves the riddle there gets an invite code for their Scuttlebutt client.',
      'The address stays the same as long as the relay keeps its keys: make a backup with "snug backup".',
      FOOT,
    ),
    qr: url,
  };
}

/** @returns the mail of `snug mail test` */
export function testLetter(now: number): Letter {
  return {
    id: 'test',
    subject: 'Snug: mail works',
    text: body(`You asked for this mail on ${when(now)}. It came through Tor.`, FOOT),
  };
}

/** @returns the mail about something that is wrong now */
export function alertLetter({ id, since, text }: Condition): Letter {
  return {
    id: alertId(id),
    subject: `Snug: ${SUBJECTS[id]}`,
    text: body(
      text,
      `It has been so since ${when(since)}. You are told once, and again when it is over.`,
      FOOT,
    ),
  };
}

/** @returns the mail about something that is right again */
export function overLetter(id: ConditionId, since: number, now: number): Letter {
  return {
    id: alertId(id),
    subject: `Snug: over: ${SUBJECTS[id]}`,
    text: body(
      `This is over: ${SUBJECTS[id]}.`,
      `It was so from ${when(since)} to about ${when(now)}.`,
      FOOT,
    ),
  };
}

/** An alert that still waits gives way to the news that it is over. */
function alertId(id: ConditionId): string {
  return `alert-${id}`;
}

/**
 * @param month such as 2026-11
 * @param lines numbers in words, nobody's identity
 * @returns the monthly digest
 */
export function digestLetter(month: string, lines: readonly string[]): Letter {
  return {
    id: `digest-${month}`,
    subject: 'Snug: the numbers of this month',
    text: body('Your relay, in numbers:', lines.join('\n'), FOOT),
  };
}

/** A code for a friend; the time is in milliseconds since 1970. */
export interface MailedInvite {
  readonly id: string;
  readonly code: string;
  readonly expiresAt: number;
}

/** @returns the mail with a code and how to use it */
export function inviteLetter(to: MailAddress, { id, code, expiresAt }: MailedInvite): Letter {
  return {
    id: `invite-${id.toLowerCase()}`,
    to,
    subject: 'An invite to Scuttlebutt',
    text: body(
      'A friend invites you to a Scuttlebutt relay that can be reached through Tor. This is your code:',
      code,
      `It works once, until ${when(expiresAt)}. Whoever has it can use it, so keep it to yourself.`,
      'You need a Scuttlebutt client that can connect to onion addresses, and Tor on your device. Paste the whole code where the client asks for an invite. From then on the relay carries what you post, also while you are away.',
    ),
    until: expiresAt,
  };
}
