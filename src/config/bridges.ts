import { isIP } from 'node:net';
import * as v from 'valibot';

const MOST_BRIDGES = 16;
const LONGEST_LINE = 1000;
const KINDS = ['obfs4', 'snowflake'];
const EXAMPLE =
  '"obfs4 192.0.2.7:443 <40 letters and digits> cert=<letters and digits> iat-mode=0"';
const LIST_ALLOWED = `a list of at most ${MOST_BRIDGES} texts, each a bridge such as ${EXAMPLE}`;

function isAddress(text: string): boolean {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  const host = six === undefined ? isIP(four ?? '') === 4 : isIP(six) === 6;
  return host && number >= 1 && number <= 65535;
}

/** People copy the word from a torrc. */
function plain(line: string): string {
  return line
    .trim()
    .replace(/^bridge\s+/i, '')
    .replace(/ +/g, ' ');
}

function extrasFault(kind: string | undefined, extras: readonly string[]): string | undefined {
  const has = (form: RegExp) => extras.some((word) => form.test(word));
  if (kind === 'obfs4' && !has(/^cert=[A-Za-z0-9+/]{60,100}$/)) {
    return 'for obfs4 also cert=<70 letters, digits and signs>: copy the whole line';
  }
  if (kind === 'snowflake' && !has(/^url=https:\/\//)) {
    return 'for snowflake also the url=https://… of its broker: copy the whole line';
  }
  if (extras.every((word) => kind !== undefined && /^[a-z0-9-]+=\S+$/i.test(word)))
    return undefined;
  return 'nothing else in this text; each bridge is a text of its own, with commas between';
}

/** @returns what a bridge's line should have, when it has not */
function fault(text: string): string | undefined {
  if (text.length > LONGEST_LINE) return `at most ${LONGEST_LINE} characters`;
  if (/[^ -~]|["#\\]/.test(text))
    return `one line of letters, digits and signs, such as ${EXAMPLE}`;
  const words = plain(text).split(' ');
  const kind = KINDS.find((one) => one === words[0]);
  const [address = '', fingerprint, ...extras] = kind === undefined ? words : words.slice(1);
  if (!isAddress(address)) {
    return kind === undefined
      ? `a bridge of the kind obfs4 or snowflake, or one without disguise, such as ${EXAMPLE}`
      : `after ${kind} an address with its port, such as 192.0.2.7:443 or [2001:db8::7]:443`;
  }
  // Without disguise it may be left out (tor(1), Bridge).
  if (!/^[0-9A-F]{40}$/i.test(fingerprint ?? (kind === undefined ? '0'.repeat(40) : ''))) {
    return "after the address the bridge's fingerprint, 40 digits and letters from A to F";
  }
  return extrasFault(kind, extras);
}

/** `bridges` of `[tor]`: lines as a bridge's giver sends them, each with its own complaint. */
export const BRIDGES = v.optional(
  v.pipe(
    v.array(
      v.pipe(
        v.string(LIST_ALLOWED),
        v.check(
          (text) => fault(text) === undefined,
          ({ input }) => fault(input) ?? LIST_ALLOWED,
        ),
        v.transform(plain),
      ),
      LIST_ALLOWED,
    ),
    v.maxLength(MOST_BRIDGES, LIST_ALLOWED),
  ),
  [],
);
