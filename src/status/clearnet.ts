/** What the status needs to know of the clearnet profile, when it is on. */
export interface ClearnetView {
  readonly domain: string;
  /** Which address the codes given there carry. */
  readonly ssb: 'onion' | 'domain';
  /** Why it is not offered, as a sentence; the onion works all the same. */
  readonly problem?: string;
}

/** @returns the lines of the profile for people; none while it is off */
export function clearnetLines(clearnet: ClearnetView | undefined): string[] {
  if (clearnet === undefined) return [];
  const { domain, ssb, problem } = clearnet;
  const codes = ssb === 'domain' ? 'its codes name the domain' : 'its codes name the onion';
  const place = problem === undefined ? `https://${domain}/invite/ (${codes})` : 'not offered';
  return [
    `Clearnet  ${place}`,
    `Warning   ${domain} shows everybody where this board is. See "Clearnet profile" in README.md.`,
  ];
}

/** @returns what somebody should do about it, in words */
export function clearnetTodo(clearnet: ClearnetView | undefined): string[] {
  return clearnet?.problem === undefined ? [] : [clearnet.problem];
}
