import { stat } from 'node:fs/promises';
import type { Check } from '../doctor/finding.js';
import { refusal } from '../doctor/refusal.js';
import { holdDesk } from '../invites/inspect.js';
import { codeOf } from '../support/errors.js';

/** The state folder of a relay that does not run, kept from one that would start. */
export interface Hold {
  /** The check of the invite desk itself. */
  readonly check: Check;
  /** Whether no other process can be at work in the folder. */
  readonly free: boolean;
  release(): Promise<void>;
}

const REASON = 'The relay refuses to start without its codes and bans.';
const NOTHING = async () => undefined;

/**
 * The lock of the desk's database is what keeps two relays off one folder.
 *
 * @param folder of the desk's database; when it is missing, no relay has been there yet
 */
export async function takeHold(folder: string): Promise<Hold> {
  const fresh = { check: refusal('invites', REASON, () => undefined), release: NOTHING };
  if ((await stat(folder).catch(() => undefined)) === undefined) return { ...fresh, free: true };
  try {
    const desk = await holdDesk(folder);
    return {
      check: refusal('invites', REASON, () => desk.readEverything()),
      free: true,
      release: () => desk.close(),
    };
  } catch (error) {
    const check = refusal('invites', REASON, () => Promise.reject(error));
    // A relay opens this database first; one that cannot, does nothing to the others.
    return { check, free: codeOf(error) !== 'STATE_IN_USE', release: NOTHING };
  }
}

/**
 * Opening a database writes to it, and what root has written the relay's own user cannot change.
 *
 * @param state folder of the state; may be missing
 * @returns a check that says so when another user runs the command; undefined when all is well
 */
export async function foreignOwner(state: string): Promise<Check | undefined> {
  const owner = (await stat(state).catch(() => undefined))?.uid;
  const own = process.geteuid?.();
  if (owner === undefined || owner === own) return undefined;
  const found = {
    grave: false,
    what: `The relay's files belong to user ${owner}, and this command runs as user ${own}.`,
    reason: 'Its databases were not opened: that would leave files that the relay cannot write.',
    remedy: `Run it as that user: sudo -u '#${owner}' snug doctor`,
  };
  return { name: 'user', look: async () => [found] };
}
