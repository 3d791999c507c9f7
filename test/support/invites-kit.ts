import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type DeskOptions, InviteDesk } from '../../src/invites/desk.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { createLog, type Log } from '../../src/support/log.js';
import { MemoryGraph } from './invites-graph.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** Some moment in 2026 at which the tests begin. */
export const START = Date.UTC(2026, 5, 1);

export const quiet: Log = createLog({ write: () => {}, journal: false, verbose: false });

/** A clock that stands until it is set. */
export class Clock {
  ms = START;
  readonly now = () => this.ms;
}

/** @returns the id of a feed that nobody has the key of */
export function someFeed(): FeedId {
  return parseFeedId(`@${randomBytes(32).toString('base64')}.ed25519`);
}

/** RFC 8410: what stands before the 32 bytes of an ed25519 seed in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** @returns a code in the form of ssb-invite with its real ed25519 key */
export function realMint(seed: Buffer): { key: FeedId; code: string } {
  const der = Buffer.concat([PKCS8_HEAD, seed]);
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  const key = parseFeedId(`@${spki.subarray(-32).toString('base64')}.ed25519`);
  return { key, code: `relay.example:8008:${key}~${seed.toString('base64')}` };
}

/** @returns the public key that is written in a code of {@link realMint} */
export function keyOf(code: string): FeedId {
  return parseFeedId(/@[^~]+/.exec(code)?.[0]);
}

/** @returns a folder that goes away with the test */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'snug-invites-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** @returns options that suit most tests */
export function deskOptions(folder: string, more: Partial<DeskOptions> = {}): DeskOptions {
  return {
    folder,
    graph: new MemoryGraph(),
    mint: realMint,
    budget: { perHour: 30, burst: 10 },
    lifetimeMs: 7 * DAY,
    maySponsor: 5,
    now: () => START,
    log: quiet,
    ...more,
  };
}

/** @returns an open desk, closed with the test */
export async function openDesk(
  t: TestContext,
  options: DeskOptions,
): Promise<{ desk: InviteDesk; reopen: (more?: Partial<DeskOptions>) => Promise<InviteDesk> }> {
  let desk = await InviteDesk.open(options);
  t.after(() => desk.close());
  const reopen = async (more: Partial<DeskOptions> = {}) => {
    await desk.close();
    desk = await InviteDesk.open({ ...options, ...more });
    return desk;
  };
  return { desk, reopen };
}

/** What came of calls made at once: how many succeeded, and how often each error code came. */
export async function tally(calls: ReadonlyArray<Promise<unknown>>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const result of await Promise.allSettled(calls)) {
    const name = result.status === 'fulfilled' ? 'ok' : String(result.reason?.code);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
