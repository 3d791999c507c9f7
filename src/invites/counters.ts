/** What happened since the start, for `snug status`. Numbers only: nothing about anybody. */
export interface Counters {
  /** Riddles posed. */
  shown: number;
  /** Riddles answered rightly, also those over budget. */
  solved: number;
  /** Riddles answered wrongly. */
  wrong: number;
  /** Answers to riddles unknown, expired or attempted before. */
  gone: number;
  /** Right answers that got no code, for the budget was spent. */
  overBudget: number;
  /** Codes made, for visitors and for the operator. */
  minted: number;
  /** Codes redeemed. */
  redeemed: number;
  /** Redemptions refused or failed. */
  refused: number;
  /** Feeds followed because a member asked. */
  sponsored: number;
}

/** @returns counters that stand at nought */
export function newCounters(): Counters {
  return {
    shown: 0,
    solved: 0,
    wrong: 0,
    gone: 0,
    overBudget: 0,
    minted: 0,
    redeemed: 0,
    refused: 0,
    sponsored: 0,
  };
}
