import type { Peer, Plugin, SsbServer } from 'ssb-server';
import { SYSTEM_CLOCK } from '../../support/clock.js';
import { SnugError } from '../../support/errors.js';
import type { FeedId } from '../../support/feed-id.js';
import type { Log } from '../../support/log.js';
import type { OnionHost } from '../../support/onion-host.js';
import { LINK_TIMINGS, Link, type LinkTimings } from './link.js';
import { oneConnection } from './one-connection.js';
import { onlyListed } from './only-listed.js';
import { addressOf, type PeerPlan, type PeerStatus } from './plan.js';
import { keepAlive } from './pulse.js';
import { PeerReach } from './reach.js';

/** Options of {@link Peers}. */
export interface PeersOptions {
  readonly plans: readonly PeerPlan[];
  readonly log: Log;
  readonly timings: LinkTimings;
}

/** What {@link Peers.start} needs to know of the public graph. */
export interface PublicBlocks {
  /** Resolves once what is in the log is known. */
  readonly ready: Promise<void>;
  isBlocking(feed: FeedId): Promise<boolean>;
}

/** Not all at once when Tor comes on line: each rendezvous costs a small board some work. */
const STAGGER_MS = 3000;

/**
 * The relays that the operator has listed and trusts. Each is dialled through Tor, let in at our
 * door (it may replicate, but is no member), and within reach with the feeds that it follows.
 * Nothing but this list is ever dialled.
 */
export class Peers {
  /** The listed relays' feeds. */
  readonly ids: ReadonlySet<FeedId>;
  readonly #clock = SYSTEM_CLOCK;
  readonly #plans: readonly PeerPlan[];
  readonly #links: ReadonlyMap<FeedId, Link>;
  /** By the desk's word, and by the public one. */
  readonly #banned = new Set<FeedId>();
  readonly #blocked = new Set<FeedId>();
  #server: SsbServer | undefined;
  #reach: PeerReach | undefined;

  constructor(options: PeersOptions) {
    const { plans, timings, log } = options;
    this.#plans = plans;
    this.ids = new Set(plans.map(({ id }) => id));
    const dial = (address: string) => this.#dial(address);
    const shared = { dial, clock: this.#clock, random: Math.random, timings, log };
    this.#links = new Map(plans.map((plan) => [plan.id, new Link({ ...shared, plan })]));
  }

  /** @returns a plugin, used before the shs plugin */
  guard(): Plugin {
    return oneConnection({
      listed: this.ids,
      now: () => this.#clock.now(),
      opened: (id, peer, dialled) => this.#opened(id, peer, dialled),
      closed: (id) => this.#links.get(id)?.closed(),
    });
  }

  /** @returns a plugin, used last */
  dialGuard(): Plugin {
    return onlyListed((address) =>
      this.#plans.some((plan) => addressOf(plan) === address && !this.#isOut(plan.id)),
    );
  }

  /**
   * Puts the listed relays within reach, once the follows of the log are known. None is dialled
   * before {@link Peers.setOnline}.
   */
  async start(server: SsbServer, graph: PublicBlocks): Promise<void> {
    this.#server = server;
    await graph.ready;
    this.#reach = new PeerReach(server);
    for (const id of this.ids) if (await graph.isBlocking(id)) this.#shut(this.#blocked, id, true);
    this.#reach.add([...this.ids].filter((id) => !this.#blocked.has(id)));
  }

  /** @param online whether Tor can reach others */
  setOnline(online: boolean): void {
    for (const [i, link] of [...this.#links.values()].entries()) {
      link.setOnline(online, i * STAGGER_MS);
    }
  }

  /** The operator's ban outweighs the list, for as long as it lasts, whether it is published or not. */
  setBanned(feed: FeedId, banned: boolean): void {
    this.#shut(this.#banned, feed, banned);
  }

  /** @param feed just blocked or unblocked, publicly */
  setBlocked(feed: FeedId, blocked: boolean): void {
    if (!this.ids.has(feed)) return;
    this.#shut(this.#blocked, feed, blocked);
    if (blocked) this.#reach?.block(feed);
    else this.#reach?.add([feed]);
  }

  /** @returns how it is with each, in the order of the list */
  status(): PeerStatus[] {
    return [...this.#links.values()].map((link) => link.status());
  }

  /** Dials no more. Connections are the relay's to close. */
  stop(): void {
    for (const link of this.#links.values()) link.stop();
  }

  #shut(out: Set<FeedId>, id: FeedId, on: boolean): void {
    if (on) out.add(id);
    else out.delete(id);
    this.#links.get(id)?.setBanned(this.#isOut(id));
  }

  #isOut(id: FeedId): boolean {
    return this.#banned.has(id) || this.#blocked.has(id);
  }

  #opened(id: FeedId, peer: Peer, dialled: boolean): void {
    this.#links.get(id)?.opened();
    if (this.#isOut(id)) peer.close(true);
    else keepAlive(peer, dialled, this.#clock);
  }

  #dial(address: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#server === undefined) reject(new Error('not started'));
      else this.#server.connect(address, (error, peer) => (peer ? resolve(peer) : reject(error)));
    });
  }
}

/** What the relay's own options say of its peers. */
export interface PeerSettings {
  /** Relays that the operator trusts: to be dialled, let in and replicated with. */
  readonly peers?: readonly PeerPlan[];
  /** Pauses between attempts to reach those. */
  readonly timings?: LinkTimings;
}

/**
 * @param options of the relay
 * @param own feed of the relay
 * @throws SnugError PEER_IS_SELF
 */
export function peersOf(
  options: PeerSettings & { readonly host: OnionHost; readonly log: Log },
  own: string,
): Peers {
  const { peers: plans = [], timings = LINK_TIMINGS, log } = options;
  const self = plans.find(({ id, host }) => id === own || host === options.host);
  if (self === undefined) return new Peers({ plans, timings, log });
  const where = self.line === undefined ? '' : ` (line ${self.line} of the configuration)`;
  throw new SnugError('PEER_IS_SELF', `One of [[peers]]${where} is this relay itself.`, {
    hint: 'Take it out of [[peers]], and start again.',
  });
}
