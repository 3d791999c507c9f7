import type { Way } from './dial.js';
import { Ground } from './ground.js';
import type { Load, Plan } from './plan.js';
import { watchProcessors } from './processors.js';
import { RawSink, sendRaw } from './raw.js';
import type { BenchRelay } from './relay.js';
import {
  blobsRow,
  coldStartRow,
  feedsRow,
  type IntakeRound,
  intakeRow,
  type Memory,
  memoryRow,
  middle,
  type SiteRound,
  siteRows,
} from './rows.js';
import type { Row } from './table.js';
import { openStock } from './threads.js';
import { type Flow, sendBlobs, sendFeeds, sendToStock } from './transfers.js';
import { visits } from './visits.js';

/** Options of {@link runBench}. */
export interface BenchOptions {
  readonly plan: Plan;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
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

  /** In turns, for the machine's speed changes from minute to minute. @returns the relay's own */
  async #intake(relay: BenchRelay): Promise<Flow> {
    const { intake, rounds } = this.#options.plan;
    const { place } = this.#ground;
    this.#say('Feed intake on loopback: this relay and a stock ssb-server, in turns');
    const thread = openStock(place);
    const stock = { ...thread, ...(await thread.open()) };
    const pairs: IntakeRound[] = [];
    for (let round = 0; round < rounds.intake; round += 1) {
      const other = await sendToStock(place, stock, intake);
      const own = await this.#send(relay, intake);
      pairs.push({ own, other, ratio: own.messageRate / other.messageRate });
    }
    await thread.close();
    const pair = middle(pairs);
    this.rows.push(intakeRow(pair));
    return pair.own;
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
    for (let round = 1; round <= plan.rounds.onion; round += 1) {
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
    this.rows.push(middle(rows.feeds), middle(rows.blobs));
  }

  async #site(relay: BenchRelay): Promise<void> {
    const { plan } = this.#options;
    this.#say('The site, idle and while feeds pour in');
    // The first pages are drawn by code that has never run.
    await visits(relay.site, (count) => count < 20);
    const rounds: SiteRound[] = [];
    for (let round = 0; round < plan.rounds.site; round += 1) {
      rounds.push(await this.#siteRound(relay));
    }
    this.rows.push(...siteRows(middle(rounds)));
  }

  async #siteRound(relay: BenchRelay): Promise<SiteRound> {
    const { plan } = this.#options;
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
    return { ratio: busy.p99 / idle.p99, idle, busy, idleDelay, busyDelay, poured };
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
    this.rows.push(memoryRow([idle, many ?? full, full], plan.fill.feeds, this.#sent));
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
    this.rows.push(coldStartRow(first.coldStart, again.coldStart, await again.memory()));
  }
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
