import { SnugError } from '../support/errors.js';
import type { FeedId } from '../support/feed-id.js';
import { Allowance } from './allowance.js';

/** Calls of one member: at once, and then one each. */
const CALLS = { burst: 30, everyMs: 1000 };
/** Calls of one member that may wait at the desk, whose line all have in common. */
const MOST_WAITING = 5;

interface Account {
  readonly allowance: Allowance;
  waiting: number;
}

/**
 * Keeps one member from filling the desk's line with requests, in which codes wait too. It is counted
 * by member, for one may have many connections: there are as many accounts as members, at most.
 */
export class FollowQuota {
  readonly #accounts = new Map<FeedId, Account>();
  readonly #now: () => number;

  /** @param now in milliseconds, never going back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * @param task what the member asks for
   * @returns what the task returns
   * @throws SnugError TOO_MANY_FOLLOWS, and the task is not begun
   */
  async run<T>(member: FeedId, task: () => Promise<T>): Promise<T> {
    const account = this.#accountOf(member);
    if (account.waiting >= MOST_WAITING || !account.allowance.take()) {
      throw new SnugError('TOO_MANY_FOLLOWS', 'Too many requests at once; ask again in a minute.');
    }
    account.waiting += 1;
    try {
      return await task();
    } finally {
      account.waiting -= 1;
    }
  }

  #accountOf(member: FeedId): Account {
    const known = this.#accounts.get(member);
    if (known !== undefined) return known;
    const allowance = new Allowance(CALLS.burst, CALLS.everyMs, this.#now);
    const account = { allowance, waiting: 0 };
    this.#accounts.set(member, account);
    return account;
  }
}
