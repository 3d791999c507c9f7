import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { MAX_ANSWER_LENGTH, MAX_RIDDLES, RIDDLE_LIFETIME_MS } from './limits.js';

/** How an attempt went; `gone` when the riddle is unknown, expired or already attempted. */
export type Verdict = 'right' | 'wrong' | 'gone';

function normalised(text: string): string {
  return text.trim().toLowerCase();
}

/** The answers of the riddles now shown, in memory only, for one attempt each. */
export class Riddles {
  readonly #answers: LRUCache<string, string>;

  /** @param clock milliseconds that never jump, so that setting the clock expires no riddle */
  constructor(clock: { now(): number } = performance) {
    this.#answers = new LRUCache({
      max: MAX_RIDDLES,
      ttl: RIDDLE_LIFETIME_MS,
      ttlResolution: 0,
      perf: clock,
    });
  }

  /**
   * @param answer what the picture says
   * @returns a random id for the visitor's session; the oldest riddle gives way when all are taken
   */
  pose(answer: string): string {
    const id = randomBytes(16).toString('base64url');
    this.#answers.set(id, normalised(answer));
    return id;
  }

  /**
   * Consumes the riddle, right or wrong, before anything is awaited: one attempt, whatever the
   * concurrency. Case and surrounding blanks do not matter; a blank answer is never right.
   */
  attempt(id: string, text: string): Verdict {
    const answer = this.#answers.get(id);
    if (answer === undefined) return 'gone';
    this.#answers.delete(id);
    if (text.length > MAX_ANSWER_LENGTH || answer === '') return 'wrong';
    return normalised(text) === answer ? 'right' : 'wrong';
  }
}
