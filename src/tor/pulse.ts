import { messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import type { TorRun } from './run.js';

/**
 * Asks Tor again and again what the network thinks of its version, as long as it runs. A Tor that
 * does not answer in time loses its control connection by that, and is started again.
 *
 * @param everyMs between two questions, in milliseconds
 * @param verdict gets each answer (control-spec, status/version/current)
 */
export function feelPulse(
  { control, ended }: Pick<TorRun, 'control' | 'ended'>,
  everyMs: number,
  verdict: (text: string) => void,
  log: Log,
): void {
  let answered = true;
  const beat = setInterval(async () => {
    if (!answered) return;
    answered = false;
    await control
      .getInfo('status/version/current')
      .then(verdict, (error: unknown) => log.debug(`Tor was asked: ${messageOf(error)}`));
    answered = true;
  }, everyMs).unref();
  void ended.then(() => clearInterval(beat));
}
