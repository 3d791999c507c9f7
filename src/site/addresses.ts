import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { Buckets } from './buckets.js';
import type { Verdict } from './circuits.js';

/** Whoever comes over the clearnet shares so many visitors' allowance: drawing riddles costs time. */
const VISITORS_AT_ONCE = 10;
/** All visitors together, as a key beside their addresses. */
const EVERYBODY = 'everybody';

/** @returns the first 64 bits of an IPv6 address, as text; one household has all that share them */
function prefixOf(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/**
 * @param forwarded the value of X-Forwarded-For, as the proxy sets it: one address and nothing else
 * @returns who is limited together: an IPv4 address, or the 64 bits in front of an IPv6 address;
 *   undefined when it is no address
 */
export function addressKey(forwarded: string): string | undefined {
  if (isIPv4(forwarded)) return forwarded;
  if (!isIPv6(forwarded)) return undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(forwarded);
  return mapped?.[1] ?? prefixOf(forwarded);
}

/**
 * @param name of a header, in small letters
 * @returns its value if the request has it exactly once
 */
export function onlyValue(req: IncomingMessage, name: string): string | undefined {
  const values = req.headersDistinct[name] ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/**
 * The limits of the clearnet socket: by the address that the proxy names, and for all together, so
 * that a flood from many addresses does not take the processor from those behind the onion.
 * Addresses are in memory only, and never written down.
 */
export class AddressLimits {
  readonly #each: Buckets<string>;
  readonly #all: Buckets<string>;

  /**
   * @param perMinute requests of one address
   * @param now milliseconds
   */
  constructor(perMinute: number, now: () => number) {
    this.#each = new Buckets(perMinute, now);
    this.#all = new Buckets(perMinute * VISITORS_AT_ONCE, now);
  }

  /** @returns the verdict on one more request; it is counted either way */
  judge(req: IncomingMessage): Verdict {
    const key = addressKey(onlyValue(req, 'x-forwarded-for') ?? '');
    if (key === undefined) return { kind: 'hang-up', circuit: undefined };
    const own = this.#each.take(key);
    if (own < 0) return wait(this.#each.secondsUntilServed(own));
    const all = this.#all.take(EVERYBODY);
    return all < 0 ? wait(this.#all.secondsUntilServed(all)) : { kind: 'serve' };
  }
}

function wait(retryAfterSeconds: number): Verdict {
  return { kind: 'wait', retryAfterSeconds };
}
