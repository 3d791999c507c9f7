/*
 * A relay with nothing but its invite desk, made to be killed. It gets one job as JSON in its only
 * argument, says on stdout what it has reached, and then hangs where it was told to.
 */
import { on, once } from 'node:events';
import { InviteDesk } from '../../src/invites/desk.js';
import { codeOf } from '../../src/support/errors.js';
import { type FeedId, parseFeedId } from '../../src/support/feed-id.js';
import { FileGraph, type Moment } from './invites-file-graph.js';
import { deskOptions } from './invites-kit.js';

/** What the child is to do, and where it is to hang. */
export interface Job {
  readonly folder: string;
  readonly log: string;
  readonly action: 'redeem' | 'ban' | 'unban' | 'remove' | 'sponsor' | 'solve' | 'fill' | 'read';
  /** Hang the `count`th time that this moment comes. */
  readonly hangAt?: { readonly moment: Moment; readonly count: number };
  readonly feed?: FeedId;
  /** The code's key, or the member who sponsors. */
  readonly by?: FeedId;
  readonly burst?: number;
  /** Solving, it kills itself so many turns of the event loop after the first code. */
  readonly turns?: number;
}

const FOREVER = 1_000_000_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function pauser(job: Job): (moment: Moment) => Promise<void> {
  let seen = 0;
  return async (moment) => {
    if (moment !== job.hangAt?.moment) return;
    seen += 1;
    if (seen !== job.hangAt.count) return;
    say('reached');
    await new Promise(() => setTimeout(() => {}, FOREVER));
  };
}

/** Turns pass while writes are under way, so this ends it at any point of a write. */
function dieAfter(turns: number): void {
  if (turns <= 0) process.kill(process.pid, 'SIGKILL');
  else setImmediate(() => dieAfter(turns - 1));
}

async function solveForever(desk: InviteDesk, turns: number | undefined): Promise<void> {
  say((await desk.solve(desk.pose('abcd'), 'abcd')).outcome);
  if (turns !== undefined) dieAfter(turns);
  for (;;) say((await desk.solve(desk.pose('abcd'), 'abcd')).outcome);
}

/** Makes codes until the disk is full; on a word from stdin makes three more; then hangs. */
async function fill(desk: InviteDesk): Promise<void> {
  const ids: string[] = [];
  let failure: unknown;
  while (failure === undefined) {
    await desk.create().then(
      ({ id }) => ids.push(id),
      (error: unknown) => {
        failure = error;
      },
    );
  }
  say(`full ${codeOf(failure)}`);
  await once(process.stdin, 'data');
  for (let i = 0; i < 3; i += 1) ids.push((await desk.create()).id);
  const listed = await desk.list();
  say(`listed ${listed.length}`);
  say(`made ${ids.join(' ')}`);
}

/** Makes a code; on a word from stdin tries to make two more and reads all; reads twice on another word. */
async function read(desk: InviteDesk): Promise<void> {
  const codes = async (list: Promise<unknown[]>) =>
    list.then(({ length }) => `${length} codes`, codeOf);
  await desk.create();
  const words = on(process.stdin, 'data');
  say('made');
  await words.next();
  // The second one finds that the database cannot be opened again either, and leaves it closed.
  for (let i = 0; i < 2; i += 1) await desk.create().catch(() => undefined);
  say(`full ${await codes(desk.list())}`);
  await words.next();
  say(`roomy ${await Promise.all([codes(desk.list()), codes(desk.list())])}`);
}

async function run(job: Job): Promise<void> {
  const graph = new FileGraph(job.log, pauser(job));
  const budget = { perHour: 30, burst: job.burst ?? 10 };
  const desk = await InviteDesk.open(deskOptions(job.folder, { graph, budget }));
  say('open');
  if (job.action === 'solve') return solveForever(desk, job.turns);
  if (job.action === 'fill') return fill(desk);
  if (job.action === 'read') return read(desk);
  const feed = parseFeedId(job.feed);
  if (job.action === 'ban') await desk.ban(feed);
  if (job.action === 'unban') await desk.unban(feed);
  if (job.action === 'remove') await desk.remove(feed, true);
  if (job.action === 'redeem') await desk.redeem(parseFeedId(job.by), feed);
  if (job.action === 'sponsor') await desk.sponsor(parseFeedId(job.by), feed);
  say('reached');
}

setTimeout(() => {}, FOREVER);
await run(JSON.parse(process.argv[2] ?? '{}') as Job);
