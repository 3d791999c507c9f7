import type { Plugin } from 'ssb-server';
import { type Clock, STEADY_CLOCK } from '../../support/clock.js';
import { SnugError } from '../../support/errors.js';
import type { FeedId } from '../../support/feed-id.js';
import { Hearing } from './hearing.js';
import type {
  HoldOptions,
  HoldPorts,
  HoldTimings,
  OwnFeedBack,
  OwnFeedStatus,
} from './hold-types.js';
import { type OwnFeedRecord, readRecord, removeRecord, writeRecord } from './record.js';

const TIMINGS: HoldTimings = { quietMs: 60_000, patienceMs: 24 * 3_600_000, doubtMs: 30_000 };
const TICK_MS = 1000;
/** So many peers, or all if there are fewer, must have been heard in any case. */
const ENOUGH = 3;
/** Peers whose claims were looked into once; beyond, the oldest is forgotten. */
const MOST_DOUBTED = 1000;

/**
 * Keeps the relay from publishing while others may hold messages of its own feed that it has not:
 * after a restore, when a peer brings such a message, and for a moment when a peer claims to have
 * one. A message published then would fork the feed for ever. The rule is in docs/backup.md.
 */
export class Hold {
  readonly #options: HoldOptions;
  readonly #timings: HoldTimings;
  readonly #clock: Clock;
  readonly #hearing: Hearing;
  /** Peers with a claim that is being looked into, and until when at most. */
  readonly #doubts = new Map<string, number>();
  readonly #doubted = new Set<string>();
  #ports: HoldPorts | undefined;
  #record: OwnFeedRecord | undefined;
  #mismatch = false;
  #givenUp = false;
  #since = 0;
  #newsAt = 0;
  #waiting: ((back: OwnFeedBack) => void)[] = [];
  #stopTick: () => void = () => undefined;

  /** @throws SnugError OWN_RECORD_DAMAGED */
  constructor(options: HoldOptions) {
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#clock = options.clock ?? STEADY_CLOCK;
    this.#record = readRecord(options.folder);
    this.#hearing = new Hearing({
      wires: options.wires,
      clock: this.#clock,
      active: () => this.held,
      onAnswer: (peer) => {
        this.#doubts.delete(peer);
        void this.#look();
      },
      onLeft: (peer) => this.#doubts.delete(peer),
    });
  }

  /** @returns a plugin, used after those that carry feeds */
  plugin(): Plugin {
    return {
      name: 'own-feed-hold',
      init: (server) => {
        server.publish.hook((publish, [content, cb]) => {
          if (this.held) cb(behind());
          else publish(content, cb);
        });
        server.on('rpc:connect', (peer) => this.#hearing.meet(peer));
        server.close.hook((close, [cb]) => {
          this.#stopTick();
          close(cb);
        });
      },
    };
  }

  /** Begins to compare; before, it only holds. */
  start(ports: HoldPorts): void {
    const { own, claimOf } = ports;
    this.#ports = ports;
    this.#hearing.start({ own, claimOf, everybody: () => this.#everybody() });
    if (this.#record === undefined) return;
    this.#options.log.warning(
      `nothing is published before the relay's own feed is back (${this.#record.sequence} messages are recorded)`,
    );
    this.#begin();
  }

  /** Whether nothing may be published now. */
  get held(): boolean {
    return this.#record !== undefined || this.#doubts.size > 0;
  }

  /** @throws SnugError OWN_FEED_BEHIND while nothing may be published */
  check(): void {
    if (this.held) throw behind();
  }

  /** @returns whether the feed was a member at the backup, as long as the own feed does not tell */
  knows(feed: FeedId): boolean {
    return this.#isShort() && this.#record?.members.includes(feed) === true;
  }

  /** @returns whether a stranger may come in to be asked for the own feed, and for nothing else */
  mayWitness(feed: FeedId): boolean {
    return this.#record !== undefined && this.#hearing.witnesses.admit(feed);
  }

  /** @returns the farthest that the own feed is known to have come */
  farthest(here: OwnFeedRecord): OwnFeedRecord {
    const record = this.#record;
    return record !== undefined && record.sequence > here.sequence ? record : here;
  }

  /** A peer says by EBT how much it holds of the own feed; that proves nothing yet. */
  claimed(peer: string, sequence: number): void {
    const stored = this.#ports?.own.stored();
    if (stored === undefined || sequence <= stored || this.held || this.#doubted.has(peer)) return;
    if (!this.#hearing.isConnected(peer)) return;
    this.#doubted.add(peer);
    const [oldest] = this.#doubted;
    if (this.#doubted.size > MOST_DOUBTED && oldest !== undefined) this.#doubted.delete(oldest);
    this.#doubts.set(peer, this.#clock.now() + this.#timings.doubtMs);
    this.#begin();
  }

  /** A peer has brought a message of the own feed, which nobody else can have signed. */
  brought(sequence: number, previous: string | null): void {
    this.#newsAt = this.#clock.now();
    if (this.#record !== undefined || this.#ports === undefined) return;
    const members = this.#ports.members();
    this.#record = { sequence: sequence - 1, id: previous, members };
    writeRecord(this.#options.folder, this.#record);
    this.#options.log.warning('a peer holds newer messages of the own feed: publishing waits');
    this.#begin();
  }

  /** The operator wants no more waiting, and knows what that may do. */
  giveUp(): void {
    if (this.#record === undefined) return;
    this.#givenUp = true;
    this.#options.log.warning('the operator ends the wait for the own feed: it may fork');
    void this.#look();
  }

  /** Resolves once a hold is over as far as the peers are concerned; {@link Hold.release} ends it. */
  back(): Promise<OwnFeedBack> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      void this.#look();
    });
  }

  /** Publishing goes on, from now on and after a restart. */
  release(): void {
    removeRecord(this.#options.folder);
    this.#record = undefined;
    this.#givenUp = false;
    this.#hearing.clear();
    this.#options.log.info('the own feed is back: publishing goes on');
  }

  status(): OwnFeedStatus {
    const sequence = this.#ports?.own.stored() ?? 0;
    const forked = this.#mismatch || this.#ports?.isForked() === true;
    if (!this.held) return { sequence, forked };
    const recorded = this.#record?.sequence ?? sequence;
    return { sequence, forked, held: { recorded, ...this.#hearing.count() } };
  }

  #begin(): void {
    this.#since = this.#clock.now();
    this.#newsAt = this.#since;
    this.#hearing.askAll();
    this.#stopTick();
    this.#tick();
  }

  #tick(): void {
    this.#stopTick = this.#clock.after(TICK_MS, () => {
      for (const [peer, until] of this.#doubts) {
        if (this.#clock.now() >= until) this.#doubts.delete(peer);
      }
      void this.#look();
      if (this.held) this.#tick();
    });
  }

  #isShort(): boolean {
    return (this.#ports?.own.stored() ?? 0) < (this.#record?.sequence ?? 0);
  }

  /** The own feed says who is a member, once it is back as far as the record goes. */
  #everybody(): FeedId[] {
    const { members, listed, isBlocked, own } = this.#ports ?? {};
    const recorded = this.#isShort() ? this.#record?.members : [];
    const all = new Set([...(recorded ?? []), ...(members?.() ?? []), ...(listed ?? [])]);
    return [...all].filter((feed) => feed !== own?.id && isBlocked?.(feed) !== true);
  }

  async #look(): Promise<void> {
    const record = this.#record;
    if (record === undefined || this.#waiting.length === 0) return;
    if (!this.#givenUp && !(await this.#isBack(record))) return;
    const newer = this.#givenUp || (this.#ports?.own.stored() ?? 0) > record.sequence;
    for (const resolve of this.#waiting.splice(0)) resolve({ newer, recorded: record.sequence });
  }

  async #isBack({ sequence, id }: OwnFeedRecord): Promise<boolean> {
    const { own, idAt } = this.#ports ?? {};
    if (own === undefined || this.#isShort() || own.next() !== own.stored() + 1) return false;
    // What came back must be what was recorded, or there are two feeds under one name already.
    this.#mismatch = sequence > 0 && id !== null && (await idAt?.(sequence)) !== id;
    return !this.#mismatch && this.#isQuiet() && this.#areEnough();
  }

  #isQuiet(): boolean {
    return this.#clock.now() - this.#newsAt >= this.#timings.quietMs;
  }

  #areEnough(): boolean {
    const { heard, of } = this.#hearing.count();
    if (of > 0 && heard === of) return true;
    const patient = this.#clock.now() - this.#since >= this.#timings.patienceMs;
    return patient && heard >= Math.min(ENOUGH, of);
  }
}

function behind(): SnugError {
  return new SnugError(
    'OWN_FEED_BEHIND',
    'This relay waits for its own messages and follows nobody before; try again later.',
    {
      hint: 'Members bring them when they connect; "snug status" shows how far it is. Published before that, a message would fork the feed for ever.',
    },
  );
}
