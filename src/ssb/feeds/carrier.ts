import type { Peer, Plugin, SignedValue, SsbServer } from 'ssb-server';
import type { FeedPort } from '../own/comparison.js';
import { Asking } from './asking.js';
import { BrokenFeeds } from './broken.js';
import { Carried } from './carried.js';
import type { CarrierOptions } from './carrier-options.js';
import { ebtPlugin } from './ebt.js';
import { BoundedEpidemic } from './epidemic.js';
import { feedPort, Gaps } from './gaps.js';
import { Heads } from './heads.js';
import { Intake } from './intake.js';
import { diskFull, Room, SMALL_BOARD } from './room.js';
import { Serving } from './serving.js';
import { Sizes } from './sizes.js';
import { type FeedState, Troubles } from './troubles.js';
import { Wires } from './wires.js';

/** A circuit of Tor that moves nothing for so long is dead, or its other end is. */
const STALL_MS = 2 * 60_000;

/** How often EBT looks for feeds that do not go on; a trip over Tor may take a second. */
const LOOK_EVERY_MS = 5000;

/**
 * Carries feeds between peers, by EBT and by createHistoryStream, in place of ssb-replicate and
 * ssb-ebt. Which feeds, ssb-friends says: it calls `replicate.request` for each within reach and
 * `replicate.block` for each block of one feed by another.
 */
export class Carrier {
  readonly wires: Wires;
  readonly carried: Carried;
  readonly epidemic: BoundedEpidemic;
  readonly #options: CarrierOptions;
  readonly #heads: Heads;
  readonly #sizes = new Sizes();
  readonly #troubles: Troubles;
  readonly #room: Room;
  readonly #intake: Intake;
  readonly #serving: Serving;
  readonly #askings = new Map<Peer, Asking>();
  readonly #broken = new BrokenFeeds({
    block: (feed, peer, blocked) => this.epidemic.core.block(feed, peer, blocked),
    isBlocked: (feed, peer) => this.#serving.isBlocked(feed, peer),
  });
  readonly #gaps = new Gaps((feed) => feedPort(feed, this.#heads, this.#intake));
  #server: SsbServer | undefined;

  constructor(options: CarrierOptions) {
    this.#options = options;
    this.wires = new Wires(options.stallMs ?? STALL_MS, options.log);
    this.#troubles = new Troubles(options.log);
    this.carried = new Carried({
      isBlocked: options.isBlocked,
      carry: (feed, wanted) => this.#carry(feed, wanted),
    });
    this.#heads = new Heads({
      own: options.id,
      onStored: () => this.#intake.stored(),
      onServed: ({ value }) => this.epidemic.onAppend(value),
    });
    this.#room = this.#makeRoom();
    this.#intake = new Intake({
      heads: this.#heads,
      sizes: this.#sizes,
      room: this.#room,
      troubles: this.#troubles,
      carries: (feed) => this.carried.takes(feed),
      onTaken: (message) => {
        if (message.author === options.id) options.onOwn?.(message);
      },
    });
    const serves = (feed: string) => this.carried.serves(feed);
    this.epidemic = new BoundedEpidemic({
      id: options.id,
      ready: this.#heads.loaded,
      read: (feed, sequence, cb) => this.#readAt(feed, sequence, cb),
      take: (message, sender, judged) => this.#intake.take(message, sender, judged),
      serves,
      onRefused: (feed, peer) => this.#broken.note(feed, peer),
      isPaused: (feed) => this.#troubles.of(feed)?.state === 'paused',
      onEarly: (feed, peer) => this.#fill(feed, peer),
      onSilent: (feed, peer) => this.#fill(feed, peer),
      onClaim: (peer) => options.onClaim?.(peer, this.claimOf(peer) ?? 0),
    });
    this.#serving = new Serving({
      heads: this.#heads,
      wires: this.wires,
      askingOf: (peer) => this.askingOf(peer),
      serves,
    });
  }

  /** @returns the plugins: the wires go before the shs plugin, the others before ssb-friends */
  plugins(): { wires: Plugin; feeds: Plugin[] } {
    const replicate: Plugin = {
      name: 'replicate',
      version: '1.0.0',
      init: (server) => {
        this.#open(server);
        return {
          request: (feed: string, wanted?: boolean) => this.carried.request(feed, wanted !== false),
          block: (from: string, to: string, blocked: boolean) => this.#block(from, to, blocked),
        };
      },
    };
    return { wires: this.wires.plugin(this.#intake), feeds: [replicate, ebtPlugin(this)] };
  }

  /** Resolves once it is known what is in the log: before, requests would be answered wrongly. */
  get loaded(): Promise<void> {
    return this.#heads.loaded;
  }

  /** The own feed is on the disk itself up to this sequence: peers may have it. */
  synced(sequence: number): void {
    this.#heads.synced(sequence);
  }

  /** Why nothing is taken in at the moment, as a sentence; undefined when feeds come in. */
  get paused(): string | undefined {
    return this.#room.paused;
  }

  /** @returns how a feed stands here */
  stateOf(feed: string): FeedState {
    const sequence = this.#heads.stored(feed);
    const trouble = this.#troubles.of(feed);
    if (trouble === undefined) return { state: 'ok', sequence };
    return { state: trouble.state, sequence, reason: trouble.reason };
  }

  /** The relay's own feed, to be compared with what peers hold of it. */
  get own(): FeedPort {
    return feedPort(this.#options.id, this.#heads, this.#intake);
  }

  /** @returns how much of the own feed a connected peer has by its own word (EBT) */
  claimOf(peer: string): number | undefined {
    return this.epidemic.claimOf(this.#options.id, peer);
  }

  /** @returns what asks a connected peer that may not speak EBT */
  askingOf(peer: Peer): Asking | undefined {
    return this.#askings.get(peer);
  }

  #makeRoom(): Room {
    return new Room({
      limits: this.#options.limits ?? SMALL_BOARD,
      folder: this.#options.folder,
      log: this.#options.log,
      usage: {
        messages: () => this.#heads.total + this.#heads.pending,
        bytes: () => this.#server?.since().since ?? 0,
        bytesOf: (feed) => this.#sizes.of(feed),
      },
      onRoom: () => this.#goOn(),
    });
  }

  #open(server: SsbServer): void {
    this.#server = server;
    this.#intake.open(server);
    this.#sizes.follow(server, () => this.#followHeads());
    const serving = this.#serving;
    server.createHistoryStream.hook(function (read, args) {
      return serving.answer(this, read, args);
    });
    server.publish.hook((publish, [content, cb]) => {
      if (this.#room.mayPublish()) publish(content, cb);
      else cb(diskFull());
    });
    server.on('rpc:connect', (peer) => this.#connected(peer));
    const look = setInterval(() => this.epidemic.look(), LOOK_EVERY_MS);
    look.unref();
    server.close.hook((close, [cb]) => {
      clearInterval(look);
      this.#server = undefined;
      this.#room.stop();
      this.#intake.close();
      close(cb);
    });
  }

  /** Feeds go in and out only when all is known of them; closing calls back too (flumedb, wrap.js). */
  #followHeads(): void {
    if (this.#server === undefined) return;
    this.#heads.follow(this.#server, (clock) => {
      this.epidemic.core.state.clock = clock;
      this.#room.start();
    });
  }

  #connected(peer: Peer): void {
    const wire = this.wires.of(peer);
    if (wire === undefined || peer.id === this.#options.id) return;
    const asking = new Asking(peer, wire, {
      heads: this.#heads,
      intake: this.#intake,
      carried: this.carried.feeds,
    });
    this.#askings.set(peer, asking);
    this.#gaps.meet(peer);
    peer.once('closed', () => {
      asking.stop();
      this.#askings.delete(peer);
      this.#broken.forgive(peer.id);
    });
  }

  #carry(feed: string, wanted: boolean): void {
    this.epidemic.request(feed, wanted);
    if (wanted) {
      for (const asking of this.#askings.values()) asking.want(feed);
    } else {
      this.epidemic.forget(feed);
      for (const asking of this.#askings.values()) asking.drop(feed);
    }
  }

  #block(from: string, to: string, blocked: boolean): void {
    if (this.#serving.isBlocked(from, to) === blocked) return;
    this.#serving.block(from, to, blocked);
    this.epidemic.core.block(from, to, blocked);
  }

  /** What is missing of the own feed is asked for by whoever holds up publishing for it. */
  #fill(feed: string, peer: string): void {
    if (feed !== this.#options.id) this.#gaps.fill(feed, peer);
  }

  /** There is room again. */
  #goOn(): void {
    for (const feed of this.#troubles.feeds('paused')) {
      if (this.#room.refusal(feed, this.#heads.next(feed)) !== undefined) continue;
      this.#troubles.clear(feed);
      this.epidemic.resume(feed);
      for (const asking of this.#askings.values()) asking.want(feed);
    }
  }

  #readAt(feed: string, sequence: number, cb: (message: SignedValue | null) => void): void {
    this.#server?.getAtSequence([feed, sequence], (_error, message) => cb(message?.value ?? null));
  }
}
