import { SnugError } from './errors.js';

/** A plain mail address, `name@host`, in ASCII; made only by its parser. */
export type MailAddress = string & { readonly __brand: 'MailAddress' };

/** RFC 5321, 4.5.3.1: 64 bytes before the @; with it and the host, 254 in all (RFC 3696 errata). */
const LONGEST = 254;
/** The unquoted form of RFC 5322, 3.2.3; nothing in it needs an escape anywhere. */
const NAME = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const HOST = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * @param text what an operator wrote
 * @returns the address, or undefined unless it is one plain ASCII address without a name around it
 */
export function asMailAddress(text: string): MailAddress | undefined {
  const at = text.lastIndexOf('@');
  const name = text.slice(0, Math.max(at, 0));
  const fits = text.length <= LONGEST && name.length <= 64;
  return fits && NAME.test(name) && HOST.test(text.slice(at + 1))
    ? (text as MailAddress)
    : undefined;
}

/**
 * @param text what an operator wrote
 * @returns the address
 * @throws SnugError BAD_MAIL_ADDRESS when it is none
 */
export function parseMailAddress(text: string): MailAddress {
  const address = asMailAddress(text);
  if (address !== undefined) return address;
  throw new SnugError('BAD_MAIL_ADDRESS', 'That is not a mail address.', {
    hint: 'Write it plainly, such as friend@example.org, without a name around it.',
  });
}
