import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { messageOf, SnugError } from '../support/errors.js';

/** The two steps of SAFECOOKIE that a control connection offers. */
export interface SafeCookieControl {
  challenge(nonce: string): Promise<{ readonly serverHash: string; readonly serverNonce: string }>;
  authenticate(token: string): Promise<void>;
}

/** control-spec, "AUTHCHALLENGE": the keys of the two hashes, and the lengths in bytes. */
const SERVER_KEY = 'Tor safe cookie authentication server-to-controller hash';
const CLIENT_KEY = 'Tor safe cookie authentication controller-to-server hash';
const COOKIE_LENGTH = 32;
const NONCE_LENGTH = 32;

function refuse(why: string, cause?: unknown): SnugError {
  return new SnugError('CONTROL_AUTH', `Tor cannot be trusted: ${why}.`, {
    hint: 'Stop any other program that uses the same folders, then start Snug again.',
    cause,
  });
}

async function readCookie(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause) => {
    throw refuse(`its cookie file is not to be read: ${messageOf(cause)}`, cause);
  });
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size !== COOKIE_LENGTH) {
      throw refuse(`its cookie file has not exactly ${COOKIE_LENGTH} bytes`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Proves to Tor that we can read its cookie, and has Tor prove the same first. There is no way
 * down from SAFECOOKIE: a server that offers less is refused, and never sees the cookie.
 *
 * @param control connected, not authenticated
 * @param cookieFile where we told Tor to write its cookie; the path Tor reports is not asked for
 * @throws SnugError CONTROL_AUTH, or what ended the connection
 */
export async function authenticate(control: SafeCookieControl, cookieFile: string): Promise<void> {
  const nonce = randomBytes(NONCE_LENGTH);
  const { serverHash, serverNonce } = await control.challenge(nonce.toString('hex'));
  const cookie = await readCookie(cookieFile);
  const proof = Buffer.concat([cookie, nonce, Buffer.from(serverNonce, 'hex')]);
  const hash = (key: string) => createHmac('sha256', key).update(proof).digest();
  const claimed = Buffer.from(serverHash, 'hex');
  const expected = hash(SERVER_KEY);
  if (claimed.length !== expected.length || !timingSafeEqual(claimed, expected)) {
    throw refuse('it does not know its own cookie');
  }
  await control.authenticate(hash(CLIENT_KEY).toString('hex'));
}
