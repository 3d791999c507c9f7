import { CONDITION_IDS, type Condition, type ConditionId } from './conditions.js';
import type { Letter } from './letter.js';
import { ALERT_PAUSE } from './limits.js';
import type { Notes } from './notes.js';
import { alertLetter, overLetter } from './texts.js';

/** What {@link Alerts} needs. */
export interface AlertsOptions {
  readonly notes: Notes;
  /** Queues a letter; false: there is no room. */
  readonly post: (letter: Letter) => boolean;
}

/**
 * Looks, one a minute, for which something must be wrong before it is told, and gone before it is
 * over. Counted and not read from the clock, which jumps on boards without a clock chip.
 */
const PATIENCE: Readonly<Record<ConditionId, { told: number; over: number }>> = {
  // Tor is given its 15 minutes before it counts as down (status/conditions.ts). When it is back,
  // that is over: no mail could say the contrary.
  'tor-down': { told: 1, over: 1 },
  'self-visit': { told: 1, over: 15 },
  disk: { told: 5, over: 15 },
  clock: { told: 5, over: 15 },
  'restart-loop': { told: 1, over: 15 },
  update: { told: 5, over: 15 },
};

/** Tells the operator once of what is wrong, and once when it is over. */
export class Alerts {
  readonly #options: AlertsOptions;
  /** Looks in a row at which something was wrong, or gone. */
  readonly #wrong = new Map<ConditionId, number>();
  readonly #gone = new Map<ConditionId, number>();

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  /**
   * To be called once a minute.
   *
   * @param conditions what is wrong now
   * @param now milliseconds since 1970
   */
  look(conditions: readonly Condition[], now: number): void {
    for (const id of CONDITION_IDS) {
      const condition = conditions.find((one) => one.id === id);
      if (condition === undefined) this.#isRight(id, now);
      else this.#isWrong(condition, now);
    }
  }

  #isWrong(condition: Condition, now: number): void {
    const { id } = condition;
    this.#gone.delete(id);
    const looks = (this.#wrong.get(id) ?? 0) + 1;
    this.#wrong.set(id, looks);
    if (looks < PATIENCE[id].told || !this.#mayTell(id, now)) return;
    const since = Math.min(condition.since, now);
    if (this.#options.post(alertLetter({ ...condition, since }))) {
      this.#options.notes.setTold({ id, told: now, since });
    }
  }

  /** @returns false when the operator knows of it, or has heard of one like it within a day */
  #mayTell(id: ConditionId, now: number): boolean {
    const last = this.#options.notes.told(id);
    if (last === undefined) return true;
    if (last.since !== undefined) return false;
    // What lies in the future was noted by a wrong clock.
    return last.told > now || now - last.told >= ALERT_PAUSE;
  }

  #isRight(id: ConditionId, now: number): void {
    this.#wrong.delete(id);
    const last = this.#options.notes.told(id);
    if (last?.since === undefined) return;
    const looks = (this.#gone.get(id) ?? 0) + 1;
    this.#gone.set(id, looks);
    if (looks < PATIENCE[id].over) return;
    if (this.#options.post(overLetter(id, Math.min(last.since, now), now))) {
      this.#options.notes.setTold({ id, told: last.told });
      this.#gone.delete(id);
    }
  }
}
