import * as v from 'valibot';
import { asOnionHost } from '../support/onion-host.js';

/** A TOML table as smol-toml hands it out. */
export type Table = Record<string, unknown>;

/**
 * @param value any TOML value
 * @returns whether it is a table; lists and dates are objects too, but no tables
 */
export function isTable(value: unknown): value is Table {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/*
 * The message of every schema below says what is allowed. Each value has a single check, because
 * the operator needs one line about it, not one for each rule that it breaks.
 */

/**
 * @param fallback the default
 * @param least smallest value allowed
 * @param most largest value allowed
 * @param except a value between them that is not allowed
 * @returns the schema of a whole number that may be left out
 */
export function wholeNumber(fallback: number, least: number, most: number, except?: number) {
  const but = except === undefined ? '' : `, except ${except}`;
  const allowed = `a whole number from ${least} to ${most}${but}`;
  const fits = (n: number) => Number.isInteger(n) && n >= least && n <= most && n !== except;
  return v.optional(v.pipe(v.number(allowed), v.check(fits, allowed)), fallback);
}

/**
 * @param fits whether a text that is not "" is allowed
 * @param allowed says what is
 * @returns the schema of a text where "" says the same as no line at all
 */
export function maybe(fits: (text: string) => boolean, allowed: string) {
  const check = v.check((text: string) => text === '' || fits(text), allowed);
  return v.optional(v.pipe(v.string(allowed), check), '');
}

/** Paths end up as lines of a torrc, where a line end could smuggle in an option. */
function isPath(text: string): boolean {
  return !/^~|\p{Cc}/u.test(text) && Buffer.byteLength(text) <= 1024;
}

/** A path, full or relative to the file's folder; "" when unset. */
export const PATH = maybe(isPath, 'a path, in full or relative to this file, with no "~" in front');

/** Who starts Tor; "" when unset. */
export const LAUNCH = v.optional(v.picklist(['', 'child', 'unit'], '"child" or "unit"'), '');

/** RFC 1123 labels, two or more; a letter in the last one tells a name from an IPv4 address. */
function isHost(text: string): boolean {
  const host = text.toLowerCase();
  if (host.endsWith('.onion')) return asOnionHost(host) !== undefined;
  const labels = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  return host.length <= 253 && labels.test(host) && /[a-z][^.]*$/.test(host);
}

/** A host; "" when unset. */
export const HOST = maybe(
  isHost,
  'a sound version 3 onion host, or a domain name such as relay.example.org',
);

function isDomain(text: string): boolean {
  return isHost(text) && !text.toLowerCase().endsWith('.onion');
}

/** A public domain; "" when unset. */
export const DOMAIN = maybe(
  isDomain,
  'a domain name such as pub.example.org, without "https://" and without a port',
);

function isEmail(text: string): boolean {
  const [, name = '', host = ''] = /^([^@]*)@([^@]*)$/.exec(text) ?? [];
  return /^[A-Za-z0-9._+-]{1,64}$/.test(name) && isDomain(host);
}

/** A mail address; "" when unset. */
export const EMAIL = maybe(isEmail, 'a mail address such as ada@example.org');

/**
 * @param words all that are allowed, the default first
 * @returns the schema of one of them, which may be left out
 */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  const allowed = words.map((word) => `"${word}"`).join(' or ');
  return v.optional(v.picklist<Words, string>(words, allowed), words[0] as Words[number]);
}

/** Joiners shape emoji and some scripts; other format characters can turn text around. */
function isTitle(text: string): boolean {
  const hidden = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;
  return [...text].length <= 60 && /[\p{L}\p{N}\p{P}\p{S}]/u.test(text) && !hidden.test(text);
}

const TITLE_ALLOWED = '1 to 60 visible characters';

/** The name over the pages, without space around it. */
export const TITLE = v.optional(
  v.pipe(v.string(TITLE_ALLOWED), v.trim(), v.check(isTitle, TITLE_ALLOWED)),
  'Snug',
);
