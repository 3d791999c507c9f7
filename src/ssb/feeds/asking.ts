import pull from 'pull-stream';
import type { Peer } from 'ssb-server';
import type { Heads } from './heads.js';
import type { Intake } from './intake.js';
import { asSigned } from './rules.js';
import type { Wire } from './wire.js';

/** A client that speaks EBT does so with its first packets; over Tor they may come apart. */
const EBT_GRACE_MS = 2000;
/** A client may hang up after 5 s without a byte (docs/facts.md); a trip over Tor may take one. */
const KEEP_ALIVE_MS = 2000;

/** Options of {@link Asking}. */
export interface AskingOptions {
  readonly heads: Heads;
  readonly intake: Intake;
  /** Every feed that is carried. */
  readonly carried: ReadonlySet<string>;
}

/**
 * Asks one peer that does not speak EBT for feeds, with `createHistoryStream`. A peer that asks
 * like ssb-replicate (`keys: false`) is asked for every feed; any other one only for its own,
 * because it may answer with its own whatever it is asked for. Nothing is sent before the peer's
 * first packet.
 */
export class Asking {
  readonly #options: AskingOptions;
  readonly #peer: Peer;
  readonly #wire: Wire;
  readonly #open = new Map<string, () => void>();
  #everything = false;
  #asking = false;
  #stopped = false;
  #grace: NodeJS.Timeout | undefined;
  #awake: NodeJS.Timeout | undefined;

  constructor(peer: Peer, wire: Wire, options: AskingOptions) {
    this.#peer = peer;
    this.#wire = wire;
    this.#options = options;
    peer.once('closed', () => this.stop());
    wire.onHeard(() => this.#afterGrace());
  }

  /** The peer speaks EBT, or is gone. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#grace);
    clearInterval(this.#awake);
    for (const feed of [...this.#open.keys()]) this.drop(feed);
  }

  /** The peer has called createHistoryStream. */
  heardRequest(keys: boolean): void {
    if (!keys) this.#everything = true;
    // What else stands in the same packet comes first: it may be EBT.
    setImmediate(() => this.ask());
  }

  /** EBT has failed with a peer that we dialled. */
  fallBack(): void {
    this.#everything = true;
    this.ask();
  }

  /** Asks for all that is wanted of this peer and not asked for yet. */
  ask(): void {
    this.#asking = true;
    const feeds = this.#everything ? this.#options.carried : [this.#peer.id];
    for (const feed of feeds) this.#askFor(feed);
  }

  /** The feed is no longer carried. */
  drop(feed: string): void {
    const end = this.#open.get(feed);
    // First: muxrpc does not always tell the reader of a stream that it has ended (pull-weird.js).
    this.#open.delete(feed);
    end?.();
  }

  /** A feed has come within reach, or there is room for it again. */
  want(feed: string): void {
    if (this.#asking && (this.#everything || feed === this.#peer.id)) this.#askFor(feed);
  }

  #afterGrace(): void {
    if (this.#stopped) return;
    this.#grace = setTimeout(() => this.ask(), EBT_GRACE_MS);
    this.#grace.unref();
  }

  #keepAwake(): void {
    if (this.#awake !== undefined) return;
    this.#awake = setInterval(() => this.#keepAlive(), KEEP_ALIVE_MS / 2);
    this.#awake.unref();
  }

  /**
   * packet-stream's "message": a packet with request number 0 and the body `[]`. muxrpc has no
   * use for it since `emit` was removed and takes it without an answer (muxrpc, stream.js).
   */
  #keepAlive(): void {
    if (this.#peer.closed || this.#wire.silentFor() < KEEP_ALIVE_MS) return;
    if (this.#wire.stalledFor() === 0) this.#peer.stream.remoteCall('async', 'emit', []);
  }

  #askFor(feed: string): void {
    const { heads, carried } = this.#options;
    if (this.#stopped || this.#peer.closed) return;
    if (this.#open.has(feed) || !carried.has(feed)) return;
    this.#keepAwake();
    const source = this.#peer.createHistoryStream({
      id: feed,
      seq: heads.next(feed),
      live: true,
      keys: !this.#everything,
    });
    const end = () => source(true, () => undefined);
    this.#open.set(feed, end);
    pull(
      source,
      pull.drain<unknown>(
        (sent) => this.#take(feed, sent),
        () => {
          if (this.#open.get(feed) === end) this.#open.delete(feed);
        },
      ),
    );
  }

  #take(feed: string, sent: unknown): void {
    const message = asSigned(sent);
    if (message?.author !== feed) return;
    this.#options.intake.take(message, this.#peer.id, (verdict) => {
      if (verdict === 'paused' || verdict === 'refused') this.drop(feed);
    });
  }
}
