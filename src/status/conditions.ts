import { diskTodo, isFull } from './disk.js';
import type { Snapshot } from './snapshot.js';
import { isLoop, startsTodo } from './starts.js';
import { UPDATE_TOR } from './tor.js';
import { updatesTodo } from './updates.js';

/** What a person should be told of, wherever they are. */
export type ConditionId = 'tor-down' | 'self-visit' | 'disk' | 'clock' | 'restart-loop' | 'update';

/** Something that is wrong now. */
export interface Condition {
  readonly id: ConditionId;
  /** In milliseconds since 1970, as far as the machine's clock can tell. */
  readonly since: number;
  /** What is wrong and what to do: whole sentences, without anybody's identity. */
  readonly text: string;
}

/** Both times at one moment, in milliseconds. */
export interface Moment {
  /** Since 1970; may jump. */
  readonly wall: number;
  /** Never jumps; only differences count. */
  readonly steady: number;
}

const MINUTE = 60_000;
/** Tor is restarted, and its address moves from directory to directory, without harm. */
const TOR_DOWN_MS = 15 * MINUTE;

type Texts = ReadonlyMap<ConditionId, string>;

function torDown({ tor }: Snapshot): string | undefined {
  if (tor?.state === 'published') return undefined;
  const what = tor?.problem?.what ?? `Tor is ${tor?.state ?? 'not started'}.`;
  const hint = tor?.problem?.hint ?? 'See "snug status" and "snug log".';
  return `Visitors cannot reach the relay: its onion address is not published. ${what} ${hint}`;
}

function selfVisit({ visits }: Snapshot): string | undefined {
  const { ailment } = visits ?? {};
  return ailment && `${ailment.what} ${ailment.hint}`;
}

function clock({ tor }: Snapshot): string | undefined {
  const skew = tor?.clockSkewSeconds;
  if (skew === undefined) return undefined;
  const off = `${Math.abs(skew)} seconds ${skew < 0 ? 'slow' : 'fast'}`;
  return `This machine's clock is ${off}; Tor needs the right time. Set the clock; Tor goes on by itself.`;
}

function textsOf(snapshot: Snapshot): Texts {
  const disk = snapshot.machine?.disk;
  const starts = snapshot.starts ?? 0;
  const [late] = updatesTodo(snapshot.machine?.updates);
  const found: readonly (readonly [ConditionId, string | undefined])[] = [
    ['tor-down', torDown(snapshot)],
    ['self-visit', selfVisit(snapshot)],
    ['disk', isFull(disk) ? diskTodo(disk)[0] : undefined],
    ['clock', clock(snapshot)],
    ['restart-loop', isLoop(starts) ? startsTodo(starts)[0] : undefined],
    ['update', snapshot.tor?.outdated === true ? UPDATE_TOR : late],
  ];
  return new Map(found.flatMap(([id, text]) => (text === undefined ? [] : [[id, text]])));
}

/** When each condition that holds now began, on the steady clock. */
export type Begun = ReadonlyMap<ConditionId, number>;

/** What {@link conditionsOf} finds. */
export interface Found {
  readonly conditions: readonly Condition[];
  /** For the next call. */
  readonly begun: Begun;
}

/**
 * @param snapshot one look
 * @param begun what the last call gave; an empty map at first
 * @param now both times
 * @returns what a person should be told of, Tor being down only after 15 minutes
 */
export function conditionsOf(snapshot: Snapshot, begun: Begun, now: Moment): Found {
  const texts = textsOf(snapshot);
  const next = new Map([...texts.keys()].map((id) => [id, begun.get(id) ?? now.steady]));
  const ailing = snapshot.visits?.ailment;
  if (ailing !== undefined) next.set('self-visit', now.steady - ailing.seconds * 1000);
  const conditions = [...texts].flatMap(([id, text]): Condition[] => {
    const lasted = now.steady - (next.get(id) ?? now.steady);
    if (id === 'tor-down' && lasted < TOR_DOWN_MS) return [];
    return [{ id, since: now.wall - lasted, text }];
  });
  return { conditions, begun: next };
}
