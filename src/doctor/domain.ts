import { codeOf, hintOf, messageOf } from '../support/errors.js';
import type { Check, Found } from './finding.js';

/** One thing that was looked at from outside, as the running relay tells it. */
export interface DomainView {
  readonly name: string;
  readonly state: 'ok' | 'look' | 'failed';
  readonly what: string;
  readonly hint?: string;
}

const REASONS: Readonly<Record<string, string>> = {
  dns: 'Without an address nobody finds the domain.',
  port: 'Visitors without Tor Browser come through it.',
  certificate: 'Browsers warn of a page without a good one, and do not open this one any more.',
  page: 'Visitors of the domain do not get to this relay.',
  redirect: 'Some visitors try plain HTTP first, and certificates may be renewed that way.',
  ssb: 'Codes of that page name the domain; without it they cannot be redeemed.',
};
const UNKNOWN = 'So nothing is known of its DNS, its port and its certificate.';

/** The onion works all the same, so nothing of it is grave. */
function ofView({ name, state, what, hint }: DomainView): Found[] {
  if (state === 'ok') return [];
  const reason = REASONS[name] ?? 'Visitors of the domain may not get to this relay.';
  const remedy = hint ?? 'See "snug clearnet check".';
  return [{ grave: false, what, reason, remedy }];
}

function notChecked(domain: string, why: string, remedy: string): Found {
  return { grave: false, what: `${domain} was not checked: ${why}`, reason: UNKNOWN, remedy };
}

function ofFailure(domain: string, error: unknown): Found {
  if (codeOf(error) === 'CLEARNET_OFF') {
    const why = 'the running relay was started without it.';
    return notChecked(domain, why, 'Restart the relay.');
  }
  return notChecked(domain, messageOf(error), hintOf(error) ?? 'See "snug log".');
}

/**
 * DNS, port and certificate of the clearnet profile's domain, as seen through Tor. The relay has
 * the only Tor that there is, so it must run.
 *
 * @param name the domain
 * @param running whether a relay answers
 * @param ask asks it to look, which takes up to a minute
 */
export function domain(name: string, running: boolean, ask: () => Promise<unknown>): Check {
  return {
    name: 'domain',
    async look() {
      if (!running) {
        const why = 'no relay runs, and its Tor is the only way out.';
        return [notChecked(name, why, 'Start the relay, then run the doctor again.')];
      }
      try {
        return ((await ask()) as DomainView[]).flatMap(ofView);
      } catch (error) {
        return [ofFailure(name, error)];
      }
    },
  };
}
