/** RFC 1928, section 6, in its order from 1 on: names of the socks package, and words for people. */
const REFUSALS = [
  ['Failure', 'Tor could not do it'],
  ['NotAllowed', 'the last relay of the circuit may not go there'],
  ['NetworkUnreachable', 'its network cannot be reached'],
  ['HostUnreachable', 'nobody knows that name, or its machine does not answer'],
  ['ConnectionRefused', 'nobody listens there'],
  ['TTLExpired', 'it took too long'],
] as const;

/** How the socks package puts Tor's answer. */
const REPLY = /rejected connection - (\w+)/;

/**
 * @param code of Tor's answer
 * @returns why it refused, for somebody who waits for a domain to work
 */
export function refusalOf(code: number): string {
  return REFUSALS[code - 1]?.[1] ?? `Tor answers ${code}`;
}

/**
 * @param message of the socks package's error
 * @returns the same as {@link refusalOf}, or the message when it tells something else
 */
export function refusalIn(message: string): string {
  const name = REPLY.exec(message)?.[1];
  return REFUSALS.find(([known]) => known === name)?.[1] ?? message;
}
