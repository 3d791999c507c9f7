import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SnugError } from '../support/errors.js';
import type { TorPrograms } from './programs.js';

const run = promisify(execFile);

/** How others know an authority. Both are 40 hex digits. */
export interface AuthorityId {
  /** Fingerprint of its key as a relay. */
  readonly fingerprint: string;
  /** Fingerprint of the key that it votes with. */
  readonly v3ident: string;
}

/**
 * Makes the three keys of an authority in `folder`/keys, about 1 s of CPU.
 *
 * @param programs where tor and tor-gencert are
 * @param folder its future DataDirectory
 * @param signal ends the programs
 * @returns what goes into the DirAuthority line
 * @throws SnugError AUTHORITY_KEYS when one of the programs fails
 */
export async function makeAuthorityKeys(
  programs: TorPrograms,
  folder: string,
  signal: AbortSignal,
): Promise<AuthorityId> {
  await mkdir(join(folder, 'keys'), { recursive: true, mode: 0o700 });
  try {
    const [v3ident, fingerprint] = await Promise.all([
      makeVotingKeys(programs.gencert, join(folder, 'keys'), signal),
      makeRelayKeys(programs.tor, folder, signal),
    ]);
    return { v3ident, fingerprint };
  } catch (error) {
    signal.throwIfAborted();
    throw new SnugError('AUTHORITY_KEYS', 'The keys of an authority could not be made.', {
      cause: error,
    });
  }
}

async function makeVotingKeys(gencert: string, keys: string, signal: AbortSignal): Promise<string> {
  const certificate = join(keys, 'authority_certificate');
  const files = [
    ...['-i', join(keys, 'authority_identity_key')],
    ...['-s', join(keys, 'authority_signing_key')],
    ...['-c', certificate],
  ];
  const options = ['--create-identity-key', '--passphrase-fd', '0', '-m', '12'];
  const child = run(gencert, [...options, ...files], { signal });
  // The passphrase: empty, as the key lives no longer than the network.
  child.child.stdin?.end('\n');
  await child;
  return hex40(await readFile(certificate, 'utf8'), /^fingerprint ([0-9A-F]{40})$/m);
}

async function makeRelayKeys(tor: string, folder: string, signal: AbortSignal): Promise<string> {
  const torrc = ['--defaults-torrc', '/dev/null', '--ignore-missing-torrc', '-f', '/nonexistent'];
  const relay = ['--DataDirectory', folder, '--Nickname', 'keys', '--ORPort', '1', '--quiet'];
  await run(tor, [...torrc, ...relay, '--list-fingerprint'], { signal });
  return hex40(await readFile(join(folder, 'fingerprint'), 'utf8'), /^keys ([0-9A-F]{40})$/m);
}

function hex40(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found !== undefined) return found;
  throw new Error('a fingerprint is missing from what Tor wrote');
}
