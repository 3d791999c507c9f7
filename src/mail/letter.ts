import type { SendMailOptions } from 'nodemailer';
import type { MailAddress } from '../support/mail-address.js';
import { qrPng } from '../support/qr.js';
import type { MailSettings } from './settings.js';

/** A mail to be sent. */
export interface Letter {
  /** What it is about, in small letters, digits and dashes: of each there is one in the queue. */
  readonly id: string;
  /** A friend of the operator; undefined: the operator, whatever the configuration then says. */
  readonly to?: MailAddress;
  readonly subject: string;
  readonly text: string;
  /** Goes with it as the picture of a QR code. */
  readonly qr?: string;
  /** When it becomes worthless, in milliseconds since 1970. */
  readonly until?: number;
}

/** A letter whose Message-ID is chosen: sent again, it has the same. */
export interface StampedLetter extends Letter {
  /** The part before the @. */
  readonly stamp: string;
}

function picture(text: string): NonNullable<SendMailOptions['attachments']>[number] {
  return {
    filename: 'address.png',
    content: Buffer.from(qrPng(text)),
    contentType: 'image/png',
    contentDisposition: 'inline',
  };
}

/**
 * @param letter what to say
 * @param settings who says it, and who the operator is
 * @param now milliseconds since 1970: a letter may have been written before the clock was right
 * @returns the mail as nodemailer wants it; no name of this machine is in it
 */
export function render(
  letter: StampedLetter,
  settings: Pick<MailSettings, 'from' | 'to'>,
  now: number,
): SendMailOptions {
  const { from, to } = settings;
  const domain = from.slice(from.lastIndexOf('@') + 1);
  return {
    from: { name: 'Snug', address: from },
    to: letter.to ?? to,
    subject: letter.subject,
    text: letter.text,
    messageId: `<${letter.stamp}@${domain}>`,
    date: new Date(now),
    // RFC 3834, 5: nobody's holiday notice shall answer.
    headers: { 'Auto-Submitted': 'auto-generated' },
    ...(letter.qr === undefined ? {} : { attachments: [picture(letter.qr)] }),
  };
}
