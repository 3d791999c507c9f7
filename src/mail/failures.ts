import { codeOf, messageOf, SnugError } from '../support/errors.js';

/** What {@link inWords} must know. */
export interface Circumstances {
  readonly server: string;
  /** Texts that must not be told, such as the password. */
  readonly secrets: readonly string[];
  /** The session's deadline has passed. */
  readonly late: boolean;
  /** All of the mail was on its way: it may have arrived. */
  readonly handedOver: boolean;
}

/** What nodemailer puts on its errors. */
interface SmtpError {
  readonly response?: unknown;
  readonly responseCode?: unknown;
  readonly command?: unknown;
  readonly originalCode?: unknown;
}

const LONGEST_QUOTE = 200;

/** A server may say anything: recipients and what we sent it do not belong into logs. */
function quoted(response: string, secrets: readonly string[]): string {
  const spellings = secrets.flatMap((text) => [text, Buffer.from(text).toString('base64')]);
  const login = secrets.length === 2 ? [Buffer.from(`\0${secrets[1]}\0${secrets[0]}`)] : [];
  const hidden = [...spellings, ...login.map((bytes) => bytes.toString('base64'))];
  const clean = hidden
    .filter((text) => text !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, '…'), response);
  const line = clean.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').replace(/\S+@\S+/g, '<…>');
  return [...line].slice(0, LONGEST_QUOTE).join('').trim();
}

/** One sentence and a remedy for each way in which a session goes wrong. */
const ENDINGS = {
  MAIL_UNREACHABLE: [
    'could not be reached through Tor',
    'It is tried again. Check mail.server and mail.port; some servers let no Tor exit in.',
  ],
  MAIL_SILENT: ['did not answer in time', 'It is tried again by itself.'],
  MAIL_NO_TLS: [
    'offers no encryption here, so nothing was sent',
    'Check mail.port and mail.tls: port 465 is "implicit", 587 is "starttls".',
  ],
  MAIL_CERTIFICATE: [
    'showed a certificate that is not its own or not signed by a known authority',
    'Check mail.server; for an onion host, name what is in its certificate in mail.tls_name.',
  ],
  MAIL_LOGIN: [
    'does not accept the name or the password',
    'Correct mail.user or the password; a new password is used without a new start.',
  ],
  MAIL_LATER: ['does not take mail at the moment', 'It is tried again by itself.'],
  MAIL_DEFERRED: [
    'does not take this mail at the moment',
    'It is tried again by itself. If it goes on, check mail.to, or the address of your friend.',
  ],
  MAIL_UNSURE: [
    'got a mail and did not say whether it took it',
    'It is tried again by itself, a few times: the mail may come twice.',
  ],
  MAIL_REFUSED: [
    'refuses this mail',
    'Check mail.to, or the address of your friend; then try "snug mail test".',
  ],
  MAIL_NOT_TAKEN: [
    'does not take this mail from you',
    'Check mail.from, and what your account may send; then try "snug mail test".',
  ],
  MAIL_BROKEN: ['broke the connection off', 'It is tried again by itself.'],
  MAIL_STRANGE: [
    'does not speak as a mail server does',
    'Check mail.port and mail.tls: port 465 is "implicit", 587 is "starttls".',
  ],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

type Ending = keyof typeof ENDINGS;

/** A certificate, or TLS that did not come about: Node's and OpenSSL's codes. */
const TLS_CODES = /CERT|ISSUER|SIGNATURE|ALTNAME|^ERR_(SSL|TLS)|^EPROTO$/;
const CERTIFICATE_CODES = /CERT|ISSUER|SIGNATURE|ALTNAME/;
/** Where an answer is about the letter and not about the session. */
const ABOUT_THE_LETTER = /^(MAIL FROM|RCPT TO|DATA)$/;
/** The server ends the session, whatever it was asked (RFC 5321, 3.8). */
const CLOSING = 421;
/**
 * Servers that wait for the recipient before they refuse a sender (Postfix does) tell it by the
 * enhanced code (RFC 3463): a bad sender's address, or what the account may not do.
 */
const ABOUT_THE_SENDER = /^5\d\d[ -]5\.(1\.[78]|7\.\d+)\b/;

function aboutTheLetter({ command, response }: SmtpError, answer: number): Ending {
  if (answer < 500) return 'MAIL_DEFERRED';
  const sender = typeof response === 'string' && ABOUT_THE_SENDER.test(response);
  return command === 'RCPT TO' && !sender ? 'MAIL_REFUSED' : 'MAIL_NOT_TAKEN';
}

function afterAnswer(error: SmtpError, code: string, answer: number): Ending {
  if (answer < 400 || answer >= 600) return 'MAIL_STRANGE';
  const command = typeof error.command === 'string' ? error.command : '';
  if (answer !== CLOSING && ABOUT_THE_LETTER.test(command)) return aboutTheLetter(error, answer);
  if (answer < 500) return 'MAIL_LATER';
  if (code === 'EAUTH') return 'MAIL_LOGIN';
  return code === 'ETLS' ? 'MAIL_NO_TLS' : 'MAIL_LATER';
}

function endingOf(error: unknown, { late, handedOver }: Circumstances): Ending {
  const smtp = (error ?? {}) as SmtpError;
  const code = codeOf(error) ?? '';
  const silent = late || code === 'ETIMEDOUT';
  const answer = silent ? undefined : smtp.responseCode;
  if (typeof answer === 'number') return afterAnswer(smtp, code, answer);
  if (handedOver) return 'MAIL_UNSURE';
  if (silent) return 'MAIL_SILENT';
  const cause = typeof smtp.originalCode === 'string' ? smtp.originalCode : '';
  if (CERTIFICATE_CODES.test(cause)) return 'MAIL_CERTIFICATE';
  if (code === 'ETLS' || TLS_CODES.test(cause)) return 'MAIL_NO_TLS';
  if (code === 'EAUTH') return 'MAIL_LOGIN';
  return code === 'EPROTOCOL' ? 'MAIL_STRANGE' : 'MAIL_BROKEN';
}

function told(ending: Ending, server: string, words: string, cause: unknown): SnugError {
  const [what, hint] = ENDINGS[ending];
  const said = words === '' ? '' : ` It said: ${words}`;
  return new SnugError(ending, `The mail server ${server} ${what}.${said}`, { hint, cause });
}

/**
 * @param server that was dialled
 * @param cause Tor's reason
 * @returns MAIL_UNREACHABLE
 */
export function unreachable(server: string, cause: unknown): SnugError {
  return told('MAIL_UNREACHABLE', server, '', new Error(messageOf(cause)));
}

/**
 * @param error what ended a session
 * @returns the same for the operator, without addresses and secrets, also in its cause; a
 *   SnugError as it is
 */
export function inWords(error: unknown, circumstances: Circumstances): SnugError {
  if (error instanceof SnugError) return error;
  const { server, secrets } = circumstances;
  const { response } = (error ?? {}) as SmtpError;
  const words = typeof response === 'string' ? quoted(response, secrets) : '';
  const cause = new Error(quoted(messageOf(error), secrets));
  return told(endingOf(error, circumstances), server, words, cause);
}
