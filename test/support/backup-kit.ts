import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileOutput } from '../../src/backup/output.js';
import type { Key, Lock } from '../../src/backup/seal.js';
import { backUp, restore } from '../../src/backups.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { InviteDesk } from '../../src/invites/desk.js';
import { loadOwnKey } from '../../src/ssb/own-key.js';
import { Relay } from '../../src/ssb/relay.js';
import { SnugError } from '../../src/support/errors.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { deskOptions, keyOf, quiet, someFeed } from './invites-kit.js';
import { temporaryFolder } from './relay.js';
import { SOME_ONION } from './ssb-house.js';

/** Guessable in no time, so that tests do not wait for scrypt. */
export const LOCK: Lock = { passphrase: 'four words of a test', workFactor: 2 };
export const KEY: Key = { passphrase: 'four words of a test' };

/** A machine: its configuration, and maybe a relay that does not run. */
export interface Box {
  readonly folder: string;
  readonly config: Config;
  readonly state: string;
}

/** What a full box holds that a test looks for again. */
export interface Contents {
  readonly feed: FeedId;
  readonly members: readonly FeedId[];
  readonly banned: FeedId;
  /** The public key of a code that nobody has redeemed. */
  readonly openCode: FeedId;
  /** Texts and bytes that must never lie anywhere in plain. */
  readonly secrets: readonly Buffer[];
}

export const notRunning = () =>
  Promise.reject(new SnugError('NOT_RUNNING', 'No relay answers there.'));

/** @param below a folder to make it in; a fresh one if not given */
export async function freshBox(below?: string): Promise<Box> {
  const folder = below ?? (await temporaryFolder());
  const file = join(folder, 'snug.toml');
  const title = '[site]\ntitle = "The Old Boat"\n';
  writeFileSync(file, `[paths]\nstate = "${folder}/state"\nrun = "${folder}/run"\n${title}`);
  return { folder, config: loadConfig({ file, env: {} }), state: join(folder, 'state') };
}

export function removeBox({ folder }: Box): void {
  rmSync(folder, { recursive: true, force: true });
}

/** @returns a relay on the box's folder, and nobody around it */
export function openBoxRelay({ folder, state }: Box): Promise<Relay> {
  return Relay.open({
    folder: join(state, 'ssb'),
    listen: join(folder, 'ssb.sock'),
    socks: join(folder, 'no-socks'),
    host: SOME_ONION,
    port: 8008,
    hops: 2,
    connections: 8,
    log: quiet,
  });
}

function write(box: Box, name: string, content: string | Buffer): void {
  const file = join(box.state, name);
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(file, content, { mode: 0o600 });
}

/** Puts a blob where the relay keeps it. */
export function writeBlob(box: Box, bytes: Buffer): string {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const name = `ssb/blobs/sha256/${digest.slice(0, 2)}/${digest.slice(2)}`;
  write(box, name, bytes);
  return name;
}

/** Makes a relay that has members, bans, codes and a log, and does not run. */
export async function fillBox(box: Box): Promise<Contents> {
  const onionSecret = randomBytes(96);
  write(box, 'tor/onion/hostname', `${SOME_ONION}\n`);
  write(box, 'tor/onion/hs_ed25519_public_key', randomBytes(64));
  write(box, 'tor/onion/hs_ed25519_secret_key', onionSecret);
  write(box, 'tor/onion/authorized_clients/ada.auth', 'descriptor:x25519:AAAA\n');
  const sshClient = 'public AAAA\nprivate only for the operator\n';
  write(box, 'tor/ssh/hostname', `${SOME_ONION}\n`);
  write(box, 'tor/ssh/hs_ed25519_public_key', randomBytes(64));
  write(box, 'tor/ssh/hs_ed25519_secret_key', randomBytes(96));
  write(box, 'tor/ssh-client', sshClient);
  const members = [someFeed(), someFeed()].sort();
  const banned = someFeed();
  const relay = await openBoxRelay(box);
  for (const member of members) await relay.follow(member);
  await relay.block(banned);
  const feed = relay.id;
  await relay.close();
  const desk = await InviteDesk.open(deskOptions(join(box.state, 'invites')));
  const { code } = await desk.create({ note: 'for Ada' });
  await desk.ban(banned, 'noise');
  await desk.close();
  const secret = loadOwnKey(join(box.state, 'ssb', 'secret')).private;
  return {
    feed: parseFeedId(feed),
    members,
    banned,
    openCode: keyOf(code),
    secrets: [onionSecret, Buffer.from(secret), Buffer.from(sshClient), Buffer.from('for Ada')],
  };
}

/** Backs up a relay that does not run. @returns the archive's path */
export async function backUpBox(
  box: Box,
  options: { withLog?: boolean; lock?: Lock; file?: string; force?: boolean } = {},
): Promise<string> {
  const { withLog = false, lock = LOCK, force = false } = options;
  const file = options.file ?? join(box.folder, 'backup.age');
  const signal = new AbortController().signal;
  await backUp(box.config, notRunning, { withLog, lock, signal }, () => fileOutput(file, force));
  return file;
}

export function restoreBox(box: Box, file: string, key: Key = KEY, publishAnyway = false) {
  const { signal } = new AbortController();
  return restore(box.config, file, { key, publishAnyway, signal });
}

/** @returns the paths of everything below a folder, with mode and content */
export function tree(folder: string): Map<string, { mode: number; content: Buffer | undefined }> {
  const found = new Map<string, { mode: number; content: Buffer | undefined }>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = statSync(path).mode & 0o777;
    const content = entry.isFile() ? readFileSync(path) : undefined;
    found.set(relative(folder, path), { mode, content });
  }
  return found;
}
