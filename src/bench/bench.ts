import type { Way } from './dial.js';
import { Ground } from './ground.js';
import type { Load, Plan } from './plan.js';
import { watchProcessors } from './processors.js';
import { RawSink, sendRaw } from './raw.js';
import type { BenchRelay } from './relay.js';
import type { Row } from './table.js';
import { openStock } from './threads.js';
import { type Flow, faster, sendBlobs, sendFeeds, sendToStock } from './transfers.js';
import { type Latency, visits } from './visits.js';

/** Options of {@link runBench}. */
export interface BenchOptions {
  readonly plan: Plan;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

const MB = 1e6;
const MIB = 1024 * 1024;
const mb = (bytes: number) => (bytes / MB).toFixed(2);
const mib = (bytes: number) => Math.round(bytes / MIB);
const whole = (value: number) => Math.round(value).toString();
const ms = ({ p50, p99, max }: Latency | { p50: number; p99: number; max: number }) =>
  `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, longest ${whole(max)} ms`;
const flow = ({ messageRate, byteRate }: Flow) =>
  `${whole(messageRate)} messages/s (${mb(byteRate)} MB/s)`;

type Pair = readonly [before: number, after: number];

const mean = ([before, after]: Pair) => (before + after) / 2;
const inWords = ([before, after]: Pair) => `raw ${mb(before)} and ${mb(after)} MB/s`;

function feedsRow(feeds: Flow, raw: Pair, own: Flow, busy: number): Row {
  return {
    what: 'feeds over the onion / the smaller of raw bytes and own intake',
    ratio: feeds.byteRate / Math.min(mean(raw), own.byteRate),
    target: { atLeast: 0.8 },
    raw: `${flow(feeds)} / ${inWords(raw)}, intake ${mb(own.byteRate)} MB/s; processors ${whole(busy * 100)} % in use`,
  };
}

function blobsRow(bytesASecond: number, raw: Pair): Row {
  return {
    what: 'blobs over the onion / raw bytes',
    ratio: bytesASecond / mean(raw),
    target: { atLeast: 0.9 },
    raw: `${mb(bytesASecond)} MB/s / ${inWords(raw)}`,
  };
}

/** @returns the row in the middle: raw bytes may have met a bad moment of Tor, or the others */
function middle(rows: readonly Row[]): Row[] {
  const sorted = rows.toSorted((a, b) => a.ratio - b.ratio);
  return sorted.slice(Math.floor((sorted.length - 1) / 2)).slice(0, 1);
}

/** One run of all measurements; rows are added as they are known. */
class Bench {
  readonly rows: Row[] = [];
  readonly #ground: Ground;
  readonly #options: BenchOptions;
  #sent = 0;

  constructor(ground: Ground, options: BenchOptions) {
    this.#ground = ground;
    this.#options = options;
  }

  async run(): Promise<void> {
    const relay = await this.#ground.startRelay();
    const idle = await relay.memory();
    const own = await this.#intake(relay);
    await this.#onion(relay, own);
    await this.#site(relay);
    await this.#fill(relay, idle);
    await this.#coldStart(relay);
  }

  #say(text: string): void {
    this.#options.onProgress(text);
  }

  /** In turns, and the best of each: the first round of each runs code that is not warm yet. */
  async #intake(relay: BenchRelay): Promise<Flow> {
    const { intake, rounds } = this.#options.plan;
    const { place } = this.#ground;
    this.#say('Feed intake on loopback: this relay and a stock ssb-server, in turns');
    const thread = openStock(place);
    const stock = { ...thread, ...(await thread.open()) };
    const flows: { own: Flow[]; stock: Flow[] } = { own: [], stock: [] };
    for (let round = 0; round < rounds; round += 1) {
      flows.stock.push(await sendToStock(place, stock, intake));
      flows.own.push(await this.#send(relay, intake));
    }
    await thread.close();
    const [own, other] = [faster(flows.own), faster(flows.stock)];
    this.rows.push({
      what: 'feed intake on loopback / stock ssb-server 16',
      ratio: own.messageRate / other.messageRate,
      target: { atLeast: 0.9 },
      raw: `${flow(own)} / ${flow(other)}`,
    });
    return own;
  }

  /** Tor's speed changes from minute to minute, so raw bytes go right before and after the rest. */
  async #onion(relay: BenchRelay, own: Flow): Promise<void> {
    const { plan } = this.#options;
    const sink = await RawSink.listen(this.#ground.rawSocket, plan.raw);
    const [toRaw, toSsb] = [
      await this.#ground.overOnion('raw'),
      await this.#ground.overOnion('ssb'),
    ];
    const rows: { feeds: Row[]; blobs: Row[] } = { feeds: [], blobs: [] };
    let before = await sendRaw(toRaw, plan.raw);
    for (let round = 1; round <= plan.rounds; round += 1) {
      this.#say(`Over the onion, round ${round}: feeds, raw bytes, blobs, raw bytes`);
      const used = watchProcessors();
      const feeds = await this.#send(relay, plan.onion, toSsb);
      const busy = used();
      const between = await sendRaw(toRaw, plan.raw);
      const blobs = await sendBlobs(this.#ground.place, relay, plan.blobs, toSsb);
      const after = await sendRaw(toRaw, plan.raw);
      rows.feeds.push(feedsRow(feeds, [before, between], own, busy));
      rows.blobs.push(blobsRow(blobs, [between, after]));
      before = after;
    }
    sink.close();
    this.rows.push(...middle(rows.feeds), ...middle(rows.blobs));
  }

  async #site(relay: BenchRelay): Promise<void> {
    const { plan } = this.#options;
    this.#say('The site, idle and while feeds pour in');
    // The first pages are drawn by code that has never run.
    await visits(relay.site, (count) => count < 20);
    await relay.loopDelay();
    const idle = await visits(relay.site, (count) => count < plan.visits);
    const idleDelay = await relay.loopDelay();
    let flowing = true;
    const pouring = this.#send(relay, plan.visited).finally(() => {
      flowing = false;
    });
    const busy = await visits(relay.site, () => flowing);
    const busyDelay = await relay.loopDelay();
    const poured = await pouring;
    const raw = `${ms(busy)} / ${ms(idle)}; ${busy.count} visits while ${flow(poured)} came`;
    const ratio = busy.p99 / idle.p99;
    this.rows.push(
      { what: 'site p99 under intake / idle', ratio, target: { atMost: 3 }, raw },
      {
        what: 'site p99 under intake / 300 ms',
        ratio: busy.p99 / 300,
        target: { atMost: 1 },
        raw: `event loop delayed under intake ${ms(busyDelay)}, idle ${ms(idleDelay)}`,
      },
    );
  }

  async #fill(relay: BenchRelay, idle: Memory): Promise<void> {
    const { plan } = this.#options;
    let many: Memory | undefined;
    do {
      this.#say(`Filling the relay: ${this.#sent} of ${plan.full} messages`);
      await this.#send(relay, plan.fill);
      many ??= await relay.memory();
    } while (this.#sent < plan.full);
    const full = await relay.memory();
    this.rows.push({
      what: `resident with ${plan.fill.feeds} feeds and more, ${this.#sent} messages / 350 MiB`,
      ratio: (full.relay + full.tor) / (350 * MIB),
      target: { atMost: 1 },
      raw: `${inMib(full)}; after the first ${plan.fill.feeds} feeds ${inMib(many ?? full)}; idle ${inMib(idle)}`,
    });
  }

  async #send(relay: BenchRelay, load: Load, over?: Way): Promise<Flow> {
    const flow = await sendFeeds(this.#ground.place, relay, load, over);
    this.#sent += flow.messages;
    return flow;
  }

  async #coldStart(first: BenchRelay): Promise<void> {
    this.#say('Starting the full relay again');
    await this.#ground.stopRelay();
    const again = await this.#ground.startRelay();
    // The first start may have been the slower one.
    const beyond = Math.max(0, again.coldStart.indexed - first.coldStart.ready);
    const memory = await again.memory();
    const seconds = (value: number) => (value / 1000).toFixed(1);
    this.rows.push({
      what: 'cold start, full beyond empty / 10 s',
      ratio: beyond / 10_000,
      target: { atMost: 1 },
      raw: `full: ready ${seconds(again.coldStart.ready)} s, log read ${seconds(again.coldStart.indexed)} s, ${inMib(memory)}; empty: ready ${seconds(first.coldStart.ready)} s`,
    });
  }
}

interface Memory {
  readonly relay: number;
  readonly tor: number;
}

function inMib({ relay, tor }: Memory): string {
  return `${mib(relay)} + Tor ${mib(tor)} MiB`;
}

/** @returns the rows of the table, in the order of the measurements */
export async function runBench(options: BenchOptions): Promise<Row[]> {
  let rows: Row[] = [];
  await Ground.use(options.signal, options.onProgress, async (ground) => {
    const bench = new Bench(ground, options);
    rows = bench.rows;
    await bench.run();
  });
  return rows;
}
