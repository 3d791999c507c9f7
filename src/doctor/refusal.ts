import { hintOf, messageOf } from '../support/errors.js';
import type { Check } from './finding.js';

/** Why what {@link refusal} finds matters, where nothing more can be said. */
export const REFUSED = 'The relay refuses to start like this.';

function trial(name: string, reason: string, grave: boolean, attempt: () => unknown): Check {
  return {
    name,
    async look() {
      try {
        await attempt();
        return [];
      } catch (error) {
        const remedy = hintOf(error) ?? 'See "snug log" for more.';
        return [{ grave, what: messageOf(error), reason, remedy }];
      }
    },
  };
}

/**
 * A check that is a trial: what the relay itself would refuse to start with is grave.
 *
 * @param name of the check
 * @param reason why a refusal matters
 * @param attempt throws a SnugError when something is wrong
 */
export function refusal(name: string, reason: string, attempt: () => unknown): Check {
  return trial(name, reason, true, attempt);
}

/** The same for what the relay can be without. */
export function advice(name: string, reason: string, attempt: () => unknown): Check {
  return trial(name, reason, false, attempt);
}
