import ssbKeys from 'ssb-keys';
import { type FeedId, parseFeedId } from '../support/feed-id.js';

/** Where a code sends its client. */
export interface CodeTarget {
  readonly host: string;
  readonly port: number;
  /** The relay's feed id, which is also its public key. */
  readonly relay: FeedId;
}

/**
 * Writes an invite code in SSB's form, `host:port:@key.ed25519~seed` (protocol guide, "Invites").
 *
 * @param seed 32 random bytes
 * @returns the code, and the public key that the secret handshake proves for it
 */
export function mintCode(target: CodeTarget, seed: Buffer): { key: FeedId; code: string } {
  const key = parseFeedId(ssbKeys.generate('ed25519', seed).id);
  const code = `${target.host}:${target.port}:${target.relay}~${seed.toString('base64')}`;
  return { key, code };
}
