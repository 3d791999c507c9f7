import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthorityId } from './authority-keys.js';
import { quotePath, renderTemplate, type TemplateValues } from './torrc-template.js';

/** What a network on an idle machine of two cores does with; each is multiplied by the pace. */
const SECONDS = {
  /** The relays start and report to the authorities before the first vote begins. */
  relaysNeed: 3,
  /** Each of the two steps of a vote; Tor allows no less. */
  delay: 2,
  /** From vote to vote; Tor allows no less than 10, and it must divide 30 minutes. */
  interval: 10,
};
/** A machine that makes the keys in this time or less has pace 1. */
const KEYS_TAKE_MS = 5_000;
const SLOWEST_PACE = 3;
/** The include file's OutboundBindAddress keeps an exit from reaching more than this machine. */
const EXIT = ['ExitRelay 1', 'ExitPolicyRejectPrivate 0', 'ExitPolicy accept *:*'];
const NO_EXIT = ['ExitRelay 0'];

/** A relay of the network that has its keys and ports but does not run yet. */
export interface RelayPlan {
  readonly name: string;
  /** Its DataDirectory; the torrc lies in it too. */
  readonly folder: string;
  readonly id: AuthorityId;
  readonly orPort: number;
  readonly dirPort: number;
}

/** What all relays of one network have in common. */
export interface CommonPlan {
  /** Path of the include file. */
  readonly include: string;
  readonly votes: VoteTimes;
  /** Whether clients may connect to ports of this machine. */
  readonly exits: boolean;
}

/** The timing of all votes of one network, in whole seconds; the same for all authorities. */
export interface VoteTimes {
  readonly interval: number;
  /** For the vote, and again for its distribution. */
  readonly delay: number;
  /** Of the votes from multiples of the interval on the wall clock. */
  readonly offset: number;
}

/**
 * Tor votes at multiples of the interval on the wall clock, plus an offset (tor(1),
 * TestingV3AuthVotingStartOffset). This offset has the first vote begin as soon as every relay can
 * have reported: a relay that misses it costs a whole interval. A slow or busy machine gets more
 * time for every step.
 *
 * @param now when the relays start, ms since 1970
 * @param keysTook how long their keys have just taken, ms: the measure of the machine
 */
export function voteTimes(now: number, keysTook: number): VoteTimes {
  const pace = Math.max(1, Math.min(SLOWEST_PACE, Math.ceil(keysTook / KEYS_TAKE_MS)));
  const interval = pace * SECONDS.interval;
  const delay = pace * SECONDS.delay;
  const firstList = Math.ceil(now / 1000) + pace * SECONDS.relaysNeed + 2 * delay;
  return { interval, delay, offset: firstList % interval };
}

/**
 * Writes the torrc lines that make any Tor join the network.
 *
 * @param file where to
 * @param plans the relays
 */
export async function writeInclude(file: string, plans: readonly RelayPlan[]): Promise<void> {
  const authorities = plans.map(({ name, id, orPort, dirPort }) => {
    const voter = `${name} orport=${orPort} no-v2 v3ident=${id.v3ident}`;
    return `DirAuthority ${voter} 127.0.0.1:${dirPort} ${id.fingerprint}`;
  });
  await writeFile(file, await renderTemplate('include', { authorities }), { mode: 0o600 });
}

/** @returns path of the torrc written for a relay */
export function writeRelay(plan: RelayPlan, common: CommonPlan): Promise<string> {
  const { name, orPort, dirPort } = plan;
  const exit = common.exits ? EXIT : NO_EXIT;
  const values = { name, orPort, dirPort, exit, ...common.votes };
  return write('authority', plan.folder, common.include, values);
}

/**
 * @param folder of the client alone; made when it does not exist
 * @param include path of the network's include file
 * @returns path of the torrc written for a client
 */
export function writeClient(folder: string, include: string): Promise<string> {
  return write('client', folder, include, {});
}

async function write(
  role: 'authority' | 'client',
  folder: string,
  include: string,
  values: TemplateValues,
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const paths = { include: quotePath(include), folder: quotePath(folder) };
  const node = await renderTemplate('node', { ...paths, owner: process.pid });
  const file = join(folder, 'torrc');
  await writeFile(file, `${node}\n${await renderTemplate(role, values)}`, { mode: 0o600 });
  return file;
}
