import { join } from 'node:path';
import { refuseHalfRestored } from '../backup/place.js';
import type { Config } from '../config/config.js';
import type { Check } from '../doctor/finding.js';
import { advice, REFUSED, refusal } from '../doctor/refusal.js';
import { readPassword } from '../mail/password.js';
import type { Paths } from '../rooms.js';
import { readRecord } from '../ssb/own/record.js';
import { readClientKeys } from '../tor/client-auth.js';
import { readOnionKey } from '../tor/onion-key.js';
import { sshPaths } from '../tor/ssh.js';
import { readInclude } from '../tor/torrc.js';

function sshKeys(folder: string): Check {
  const { service, keys } = sshPaths(folder);
  return refusal('ssh keys', REFUSED, async () => {
    await readOnionKey(service);
    await readClientKeys(keys);
  });
}

/** A credential of systemd is in the relay's own reach alone: the status tells of that one. */
function mailPassword({ mail }: Config): Check[] {
  if (mail?.user === undefined || mail.passwordFile === undefined) return [];
  const reason = 'The relay starts, but can send no mail.';
  return [advice('mail password', reason, () => readPassword(mail))];
}

/**
 * What a start reads beside the configuration and the databases, with the relay's own functions.
 * Owners and modes are judged, too, so the relay's own user must look.
 *
 * @returns checks that make and change nothing
 */
export function startFiles(config: Config, paths: Paths): Check[] {
  return [
    refusal('restore', REFUSED, () => refuseHalfRestored(config.paths.state)),
    refusal('tor include', REFUSED, () => readInclude(config.tor.include)),
    refusal('onion key', REFUSED, () => readOnionKey(join(paths.tor, 'onion'))),
    ...(config.tor.ssh === undefined ? [] : [sshKeys(paths.tor)]),
    refusal('own record', REFUSED, () => readRecord(paths.database)),
    ...mailPassword(config),
  ];
}
