import type { LoopDelay } from './loop-delay.js';
import type { ColdStart } from './relay.js';
import type { Row } from './table.js';
import type { Flow } from './transfers.js';
import type { Latency } from './visits.js';

/** @returns the round in the middle: one side or the other may have met a bad moment of the machine */
export function middle<T extends { readonly ratio: number }>(rounds: readonly T[]): T {
  const sorted = rounds.toSorted((a, b) => a.ratio - b.ratio);
  const round = sorted[Math.floor((sorted.length - 1) / 2)];
  if (round === undefined) throw new Error('a plan has at least one round');
  return round;
}

const MB = 1e6;
const MIB = 1024 * 1024;
const mb = (bytes: number) => (bytes / MB).toFixed(2);
const mib = (bytes: number) => Math.round(bytes / MIB);
const whole = (value: number) => Math.round(value).toString();
const ms = ({ p50, p99, max }: Latency | LoopDelay) =>
  `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, longest ${whole(max)} ms`;
const flow = ({ messageRate, byteRate }: Flow) =>
  `${whole(messageRate)} messages/s (${mb(byteRate)} MB/s)`;

/** Raw bytes a second before and after what they are compared with. */
type Pair = readonly [before: number, after: number];

const mean = ([before, after]: Pair) => (before + after) / 2;
const inWords = ([before, after]: Pair) => `raw ${mb(before)} and ${mb(after)} MB/s`;

/** The same load into the relay and into a stock server. */
export interface IntakeRound {
  readonly ratio: number;
  readonly own: Flow;
  readonly other: Flow;
}

export function intakeRow({ ratio, own, other }: IntakeRound): Row {
  return {
    what: 'feed intake on loopback / stock ssb-server 16',
    ratio,
    target: { atLeast: 0.9 },
    raw: `${flow(own)} / ${flow(other)}`,
  };
}

/** @param busy how much of the processors was in use, 0 to 1 */
export function feedsRow(feeds: Flow, raw: Pair, own: Flow, busy: number): Row {
  return {
    what: 'feeds over the onion / the smaller of raw bytes and own intake',
    ratio: feeds.byteRate / Math.min(mean(raw), own.byteRate),
    target: { atLeast: 0.8 },
    raw: `${flow(feeds)} / ${inWords(raw)}, intake ${mb(own.byteRate)} MB/s; processors ${whole(busy * 100)} % in use`,
  };
}

export function blobsRow(bytesASecond: number, raw: Pair): Row {
  return {
    what: 'blobs over the onion / raw bytes',
    ratio: bytesASecond / mean(raw),
    target: { atLeast: 0.9 },
    raw: `${mb(bytesASecond)} MB/s / ${inWords(raw)}`,
  };
}

/** The site, idle and then while feeds poured in. */
export interface SiteRound {
  readonly ratio: number;
  readonly idle: Latency;
  readonly busy: Latency;
  readonly idleDelay: LoopDelay;
  readonly busyDelay: LoopDelay;
  readonly poured: Flow;
}

export function siteRows({ ratio, idle, busy, idleDelay, busyDelay, poured }: SiteRound): Row[] {
  return [
    {
      what: 'site p99 under intake / idle',
      ratio,
      target: { atMost: 3 },
      raw: `${ms(busy)} / ${ms(idle)}; ${busy.count} visits while ${flow(poured)} came`,
    },
    {
      what: 'site p99 under intake / 300 ms',
      ratio: busy.p99 / 300,
      target: { atMost: 1 },
      raw: `event loop delayed under intake ${ms(busyDelay)}, idle ${ms(idleDelay)}`,
    },
  ];
}

/** Resident bytes. */
export interface Memory {
  readonly relay: number;
  readonly tor: number;
}

function inMib({ relay, tor }: Memory): string {
  return `${mib(relay)} + Tor ${mib(tor)} MiB`;
}

/**
 * @param feeds of the first load, after which `many` was measured
 * @param messages in the relay when `full` was measured
 */
export function memoryRow(
  [idle, many, full]: readonly [idle: Memory, many: Memory, full: Memory],
  feeds: number,
  messages: number,
): Row {
  return {
    what: `resident with ${feeds} feeds and more, ${messages} messages / 350 MiB`,
    ratio: (full.relay + full.tor) / (350 * MIB),
    target: { atMost: 1 },
    raw: `${inMib(full)}; after the first ${feeds} feeds ${inMib(many)}; idle ${inMib(idle)}`,
  };
}

export function coldStartRow(empty: ColdStart, full: ColdStart, memory: Memory): Row {
  // The first start may have been the slower one.
  const beyond = Math.max(0, full.indexed - empty.ready);
  const seconds = (value: number) => (value / 1000).toFixed(1);
  return {
    what: 'cold start, full beyond empty / 10 s',
    ratio: beyond / 10_000,
    target: { atMost: 1 },
    raw: `full: ready ${seconds(full.ready)} s, log read ${seconds(full.indexed)} s, ${inMib(memory)}; empty: ready ${seconds(empty.ready)} s`,
  };
}
