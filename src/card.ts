import { uptime, userInfo } from 'node:os';
import type { Ground } from './rooms.js';
import { suggestTime } from './status/clock.js';
import { writeDurably } from './support/durable-file.js';
import { messageOf, SnugError } from './support/errors.js';
import type { Tor } from './tor/tor.js';

/** Who may come in by ssh on the card (image/). */
const CARD_USER = 'operator';

/**
 * @returns how the operator finds ssh
 * @throws SnugError NO_SSH
 */
export function sshAccess({ config }: Ground, tor: Pick<Tor, 'ssh'>) {
  if (tor.ssh !== undefined) {
    const user = config.tor.launch === 'unit' ? CARD_USER : userInfo().username;
    return { ...tor.ssh, user };
  }
  throw new SnugError('NO_SSH', 'There is no ssh: the configuration has no key for it.', {
    hint: 'Put your public key into keys = [...] below [ssh] and start the relay again.',
  });
}

/** On the card, somebody with the right to do so waits for what Tor says of the clock. */
export function suggestTimeOf({ config, paths, log }: Ground, tor: Tor): () => void {
  if (config.tor.launch !== 'unit') return () => undefined;
  return suggestTime({
    tor,
    write: async (text) => writeDurably(paths.clockSkew, text),
    now: Date.now,
    uptime,
    failed: (error) => log.warning(`The clock cannot be set: ${messageOf(error)}`),
  });
}
