import type { Config } from './config/config.js';
import { prepareFolders } from './config/prepare-folders.js';
import type { Operator } from './control/methods.js';
import type { ControlServer } from './control/server.js';
import type { Entrance, Graph, InviteDesk } from './invites/desk.js';
import {
  buildClearnetSite,
  buildControl,
  buildSite,
  buildTor,
  type Clearnet,
  checkDomain,
  dialWhileOnline,
  type Ground,
  openClearnet,
  openDesk,
  openRelay,
  pathsOf,
} from './rooms.js';
import { drawRiddle, type Riddle, type Site } from './site/site.js';
import { mintCode } from './ssb/code.js';
import type { RelayThread } from './ssb/relay-thread.js';
import { type Snapshot, takeSnapshot } from './status/snapshot.js';
import { hintOf, messageOf, SnugError } from './support/errors.js';
import type { Service } from './support/lifecycle.js';
import type { Log } from './support/log.js';
import { packageVersion } from './support/package.js';
import type { Tor } from './tor/tor.js';

/** What {@link App} is built from; a test may draw riddles whose answers it knows. */
export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  readonly draw?: () => Riddle;
}

/** The composition root: builds every room, and starts and stops them in order. */
export class App implements Service {
  readonly #ground: Ground;
  readonly #tor: Tor;
  readonly #site: Site;
  readonly #control: ControlServer;
  readonly #stops: (() => Promise<void> | void)[] = [];
  #openedDesk: InviteDesk | undefined;
  #openedRelay: RelayThread | undefined;
  #siteListens = false;
  #clearnet: Clearnet | undefined;
  #clearnetProblem: string | undefined;
  readonly #draw: () => Riddle;
  #fail: (reason: SnugError) => void = () => undefined;
  /** Resolves when a room has ended that cannot be started again without the others. */
  readonly failed = new Promise<SnugError>((resolve) => {
    this.#fail = resolve;
  });

  constructor({ config, log, draw }: AppOptions) {
    this.#ground = { config, log, paths: pathsOf(config) };
    this.#draw = draw ?? drawRiddle;
    this.#tor = buildTor(this.#ground);
    this.#control = buildControl(this.#ground, this.#operator());
    this.#site = buildSite(this.#ground, {
      desk: {
        pose: (answer) => this.#desk.pose(answer),
        solve: (riddle, text) => this.#desk.solve(riddle, text),
      },
      ready: () => this.#openedRelay !== undefined,
      draw: this.#draw,
      cutOff: (circuit) => this.#cutOff(circuit),
    });
  }

  /**
   * Starts everything and lets Tor go on line; {@link App.ready} tells when it is published. The
   * ledger comes first: its lock keeps a second relay off the same folder.
   *
   * @throws SnugError of the room that could not start; what had started is stopped again
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      prepareFolders(this.#ground.config);
      await this.#prepareClearnet();
      await this.#openDesk();
      await this.#run(this.#control, signal);
      await this.#run(this.#tor, signal);
      await this.#openRelay();
      await this.#run(this.#site, signal);
      this.#siteListens = true;
      await this.#openClearnetSite(signal);
      this.#stops.push(dialWhileOnline(this.#tor, this.#relay));
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

  async stop(): Promise<void> {
    this.#siteListens = false;
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }

  /** @returns one look at every room */
  status(): Snapshot {
    const desk = this.#openedDesk;
    const rooms = {
      tor: this.#tor.status(),
      ssb: this.#openedRelay?.status(),
      desk: desk && { ...desk.budget(), ...desk.counters() },
      site: this.#siteListens,
      clearnet: this.#clearnetView(),
    };
    return takeSnapshot(rooms, {
      version: packageVersion(),
      uptimeSeconds: process.uptime(),
      ssbAddress: this.#openedRelay?.address,
    });
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
    const relay = await openRelay(this.#ground, this.#tor, this.#clearnet);
    this.#stops.push(() => relay.close());
    this.#openedRelay = relay;
    void relay.died.then(this.#fail);
    await this.#desk.reconcile().catch((error: unknown) => {
      this.#ground.log.error(`${messageOf(error)} ${hintOf(error) ?? ''}`);
    });
    relay.admit(this.#desk);
  }

  async #prepareClearnet(): Promise<void> {
    const opened = await openClearnet(this.#ground);
    this.#clearnet = typeof opened === 'string' ? undefined : opened;
    this.#clearnetProblem = typeof opened === 'string' ? opened : undefined;
  }

  async #openClearnetSite(signal: AbortSignal): Promise<void> {
    const clearnet = this.#clearnet;
    if (clearnet === undefined) return;
    const { domain, ssb } = clearnet.config;
    const target = () =>
      ssb === 'domain' ? { ...this.#codeTarget(), host: domain } : this.#codeTarget();
    const desk: Entrance = this.#desk.entrance((seed) => mintCode(target(), seed));
    const parts = { desk, ready: () => this.#siteListens, draw: this.#draw };
    await this.#run(buildClearnetSite(this.#ground, clearnet, this.#tor, parts), signal);
  }

  #clearnetView() {
    const { clearnet } = this.#ground.config;
    if (clearnet === undefined) return undefined;
    const { domain, ssb } = clearnet;
    const problem = this.#clearnetProblem;
    return { domain, ssb, ...(problem === undefined ? {} : { problem }) };
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
      block: (feed) => this.#relay.block(feed),
      unblock: (feed) => this.#relay.unblock(feed),
    };
  }

  #operator(): Operator {
    return {
      status: () => this.status(),
      createInvite: (options) => this.#desk.create(options),
      listInvites: () => this.#desk.list(),
      revokeInvite: (id) => this.#desk.revoke(id),
      ban: (feed, reason) => this.#desk.ban(feed, reason),
      unban: (feed) => this.#desk.unban(feed),
      listBans: () => this.#desk.bans(),
      listMembers: async () => this.#relay.feeds(),
      showMember: async (feed) => this.#relay.feed(feed),
      checkClearnet: () => checkDomain(this.#ground, this.#tor),
    };
  }

  /** A Tor that is restarting has closed the circuit already, and one too busy to be asked will. */
  #cutOff(circuit: number): void {
    this.#tor.closeCircuit(circuit).catch((error: unknown) => {
      this.#ground.log.debug(`a circuit was not closed: ${messageOf(error)}`);
    });
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
