import { hintOf, messageOf } from '../support/errors.js';
import type { Check } from './finding.js';

/**
 * A check that is a trial: what the relay itself would refuse to start with is grave.
 *
 * @param name of the check
 * @param reason why a refusal matters
 * @param attempt throws a SnugError when something is wrong
 */
export function refusal(name: string, reason: string, attempt: () => unknown): Check {
  return {
    name,
    async look() {
      try {
        await attempt();
        return [];
      } catch (error) {
        const remedy = hintOf(error) ?? 'See "snug log" for more.';
        return [{ grave: true, what: messageOf(error), reason, remedy }];
      }
    },
  };
}
