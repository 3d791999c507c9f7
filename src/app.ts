import { refuseHalfRestored } from './backup/place.js';
import { suggestTimeOf } from './card.js';
import { ClearnetSite } from './clearnet-site.js';
import type { Config } from './config/config.js';
import { prepareFolders } from './config/prepare-folders.js';
import type { ControlServer } from './control/server.js';
import { dialWhileOnline, openDoor } from './door.js';
import { Health } from './health.js';
import type { Graph, InviteDesk } from './invites/desk.js';
import { operatorOf } from './operator.js';
import { Post } from './post.js';
import {
  buildControl,
  buildSite,
  buildTor,
  type Ground,
  openDesk,
  openRelay,
  pathsOf,
  type Timings,
} from './rooms.js';
import { drawRiddle, type Riddle, type Site } from './site/site.js';
import { mintCode } from './ssb/code.js';
import type { RelayThread } from './ssb/relay-thread.js';
import type { Snapshot } from './status/snapshot.js';
import { SnugError } from './support/errors.js';
import type { Service } from './support/lifecycle.js';
import type { Log } from './support/log.js';
import type { Tor } from './tor/tor.js';

/** What {@link App} is built from; a test may draw riddles whose answers it knows. */
export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly draw?: () => Riddle;
  /** Other waits, for tests. */
  readonly timings?: Timings;
}

/** The composition root: builds every room, and starts and stops them in order. */
export class App implements Service {
  readonly #ground: Ground;
  readonly #tor: Tor;
  readonly #site: Site;
  readonly #clearnet: ClearnetSite;
  readonly #control: ControlServer;
  readonly #health: Health;
  readonly #post: Post;
  readonly #stops: (() => Promise<void> | void)[] = [];
  #openedDesk: InviteDesk | undefined;
  #openedRelay: RelayThread | undefined;
  #fail: (reason: SnugError) => void = () => undefined;
  /** Resolves when a room has ended that cannot be started again without the others. */
  readonly failed = new Promise<SnugError>((resolve) => {
    this.#fail = resolve;
  });

  constructor({ config, log, draw = drawRiddle, timings }: AppOptions) {
    this.#ground = { config, log, paths: pathsOf(config), timings };
    this.#tor = buildTor(this.#ground);
    this.#site = buildSite(this.#ground, this.#tor, {
      desk: {
        pose: (answer) => this.#desk.pose(answer),
        solve: (riddle, text) => this.#desk.solve(riddle, text),
      },
      ready: () => this.#openedRelay !== undefined,
      draw,
    });
    this.#clearnet = new ClearnetSite(this.#ground, {
      tor: this.#tor,
      desk: () => this.#desk,
      codeTarget: () => this.#codeTarget(),
      ready: () => this.#openedRelay !== undefined,
      draw,
    });
    this.#health = new Health(this.#ground, {
      tor: this.#tor,
      site: this.#site,
      desk: () => this.#openedDesk,
      relay: () => this.#openedRelay,
      clearnet: () => this.#clearnet.status(),
      mail: () => this.#post.status(),
    });
    this.#post = new Post(this.#ground, {
      tor: this.#tor,
      health: this.#health,
      desk: () => this.#desk,
    });
    const operator = operatorOf(this.#ground, {
      tor: this.#tor,
      clearnet: this.#clearnet,
      health: this.#health,
      post: this.#post,
      desk: () => this.#desk,
      relay: () => this.#relay,
    });
    this.#control = buildControl(this.#ground, operator);
  }

  /**
   * Starts everything and lets Tor go on line; {@link App.ready} tells when it is published. The
   * ledger comes first: its lock keeps a second relay off the same folder.
   *
   * @throws SnugError of the room that could not start; what had started is stopped again
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      await refuseHalfRestored(this.#ground.config.paths.state);
      prepareFolders(this.#ground.config);
      await this.#openDesk();
      await this.#clearnet.prepare();
      await this.#run(this.#health, signal);
      await this.#run(this.#control, signal);
      await this.#run(this.#tor, signal);
      await this.#openRelay();
      await this.#run(this.#site, signal);
      await this.#run(this.#clearnet, signal);
      this.#stops.push(dialWhileOnline(this.#tor, this.#relay));
      this.#stops.push(suggestTimeOf(this.#ground, this.#tor));
      await this.#run(this.#health.visits, signal);
      await this.#run(this.#post, signal);
      await this.#tor.goOnline();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Resolves once visitors can come; rejects when the signal aborts or the app fails first. */
  ready(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      void this.failed.then(reject);
      const check = () => {
        if (!signal.aborted && !this.status().ready) return;
        unsubscribe();
        signal.removeEventListener('abort', check);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      const unsubscribe = this.#tor.onChange(check);
      signal.addEventListener('abort', check);
      check();
    });
  }

  /** Called when something about {@link App.status} may have changed; @returns ends it */
  onChange(listener: () => void): () => void {
    return this.#tor.onChange(listener);
  }

  /** Resolves when Tor's control connection and the SSB thread have answered. */
  async alive(): Promise<void> {
    await Promise.all([this.#tor.alive(), this.#relay.isFollowing(this.#relay.id)]);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }

  /** @returns one look at every room */
  status(): Snapshot {
    return this.#health.status();
  }

  async #run(service: Service, signal: AbortSignal): Promise<void> {
    this.#stops.push(() => service.stop());
    await service.start(signal);
    signal.throwIfAborted();
  }

  async #openDesk(): Promise<void> {
    const desk = await openDesk(this.#ground, this.#graph(), (seed) =>
      mintCode(this.#codeTarget(), seed),
    );
    this.#stops.push(() => desk.close());
    this.#openedDesk = desk;
  }

  async #openRelay(): Promise<void> {
    const relay = await openRelay(this.#ground, this.#tor, this.#clearnet.ssbSocket);
    this.#stops.push(() => relay.close());
    this.#openedRelay = relay;
    void relay.died.then(this.#fail);
    await openDoor(relay, this.#desk, this.#ground.log);
  }

  #codeTarget() {
    const { host, port } = this.#ground.config.invites;
    return { host: host ?? this.#tor.host, port, relay: this.#relay.id };
  }

  /** Desk and relay need each other; the desk is first, so it gets at the relay through this. */
  #graph(): Graph {
    return {
      isFollowing: (feed) => this.#relay.isFollowing(feed),
      isBlocking: (feed) => this.#relay.isBlocking(feed),
      follow: (feed) => this.#relay.follow(feed),
      unfollow: (feed) => this.#relay.unfollow(feed),
      setBanned: (feed, banned) => this.#relay.setBanned(feed, banned),
      block: (feed) => this.#relay.block(feed),
      unblock: (feed) => this.#relay.unblock(feed),
    };
  }

  get #desk(): InviteDesk {
    return this.#openedDesk ?? notUpYet();
  }

  get #relay(): RelayThread {
    return this.#openedRelay ?? notUpYet();
  }
}

function notUpYet(): never {
  throw new SnugError('NOT_READY', 'The relay is still starting.', {
    hint: 'Wait until "snug status" says that it is well, then try again.',
  });
}
