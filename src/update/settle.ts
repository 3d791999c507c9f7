import type { Relay } from './apply.js';
import { Notes, type Outcome } from './notes.js';
import type { Places } from './places.js';
import { Versions } from './versions.js';

/**
 * Goes back from a version that had not proved itself when the power went, the card was restarted
 * or the update was killed. Run by snug-update-settle.service from the version that is gone back
 * to, before the relay starts.
 *
 * @returns what it did; undefined when no update was open
 */
export async function settle(
  places: Places,
  relay: Pick<Relay, 'restart'>,
): Promise<Outcome | undefined> {
  const versions = new Versions(places.home);
  const back = await versions.trial();
  if (back === undefined) return undefined;
  const to = await versions.current();
  await versions.goBack();
  await relay.restart();
  const what = to === back ? 'An update' : `The update to Snug ${to}`;
  const outcome: Outcome = {
    result: 'went back',
    from: back,
    ...(to === back ? {} : { to }),
    code: 'UPDATE_WENT_BACK',
    message: `${what} was interrupted before it was ready, so this card is on ${back} again.`,
    hint: 'Try it again.',
  };
  await new Notes(places.spool).close(outcome);
  await versions.endTrial();
  await versions.sweep();
  return outcome;
}
