import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { asMailAddress, type MailAddress } from '../support/mail-address.js';
import type { MailConfig } from './config.js';
import type { Finding } from './problems.js';
import { HOST, isTable, maybe, PATH, type Table, wholeNumber } from './values.js';

/** RFC 8314, 3.3: TLS from the first byte. */
const IMPLICIT_TLS_PORT = 465;
/** What `LoadCredential=mail-password:…` makes available (systemd.exec(5), Credentials). */
const CREDENTIAL = 'mail-password';

const ADDRESS = maybe(
  (text) => asMailAddress(text) !== undefined,
  'a mail address such as me@example.org, with nothing around it',
);
/** Sent to the server in one line. */
const USER = maybe((text) => /^\P{Cc}{1,255}$/u.test(text), 'a text of at most 255 characters');

function oneOf<const Words extends readonly string[]>(words: Words, fallback: Words[number]) {
  const allowed = `one of ${words.map((word) => `"${word}"`).join(', ')}`;
  return v.optional(v.picklist(words, allowed), fallback);
}

/** The keys of the section, as written in the file. */
export const MAIL = {
  server: HOST,
  port: wholeNumber(587, 1, 65535),
  tls: oneOf(['required', 'starttls', 'implicit', 'none'], 'required'),
  tls_name: HOST,
  user: USER,
  password_file: PATH,
  from: ADDRESS,
  to: ADDRESS,
  alerts: v.optional(v.boolean('true or false'), true),
  digest: oneOf(['never', 'monthly'], 'never'),
};

/** The checked section, defaults filled in. */
export type MailSection = {
  readonly [Key in keyof typeof MAIL]: v.InferOutput<(typeof MAIL)[Key]>;
};

/**
 * @param document a parsed TOML file
 * @returns a finding for each key of [mail] that does not go with the others
 */
export function mailRules(document: Table): Finding[] {
  const mail = isTable(document.mail) ? document.mail : {};
  const given = (key: string) => mail[key] !== undefined && mail[key] !== '';
  const find = (key: string, allowed: string): Finding => ({
    key: `mail.${key}`,
    value: mail[key] ?? '',
    allowed,
  });
  const others = ['to', 'from', 'user', 'password_file', 'tls_name'].filter(given);
  if (!given('server')) {
    const why = `the host of your mail server, because mail.${others[0]} is set`;
    return others.length === 0 ? [] : [find('server', why)];
  }
  const onion = typeof mail.server === 'string' && /\.onion$/i.test(mail.server);
  return [
    ...(given('to') ? [] : [find('to', 'the address that mail goes to')]),
    ...(given('password_file') && !given('user')
      ? [find('user', 'the name of the account whose password it is')]
      : []),
    ...(mail.tls === 'none' && !onion
      ? [find('tls', '"none" for an onion server only, which nobody on the way can read')]
      : []),
  ];
}

/** The schema has seen to it that these are addresses. */
function address(text: string): MailAddress {
  return asMailAddress(text) ?? fail(text);
}

function fail(text: string): never {
  throw new TypeError(`not checked: ${text.length} characters`);
}

/** @returns how the connection is encrypted; "required" goes by the port */
function tlsOf({ tls, port }: MailSection): MailConfig['tls'] {
  if (tls !== 'required') return tls;
  return port === IMPLICIT_TLS_PORT ? 'implicit' : 'starttls';
}

/** Where systemd puts the password, if it does: only the relay's own process has that folder. */
function credentialIn(env: NodeJS.ProcessEnv): string | undefined {
  const folder = env.CREDENTIALS_DIRECTORY;
  return folder !== undefined && isAbsolute(folder) ? join(folder, CREDENTIAL) : undefined;
}

/**
 * @param mail the checked section, its rules kept
 * @param passwordFile absolute
 * @param env the process's environment
 * @returns the settings, frozen; undefined when no server is named
 */
export function toMail(
  mail: MailSection,
  passwordFile: string | undefined,
  env: NodeJS.ProcessEnv,
): MailConfig | undefined {
  if (mail.server === '') return undefined;
  const to = address(mail.to);
  return Object.freeze({
    server: mail.server.toLowerCase(),
    port: mail.port,
    tls: tlsOf(mail),
    tlsName: mail.tls_name.toLowerCase() || undefined,
    user: mail.user || undefined,
    passwordFile,
    credential: credentialIn(env),
    from: mail.from === '' ? to : address(mail.from),
    to,
    alerts: mail.alerts,
    digest: mail.digest === 'monthly',
  });
}
