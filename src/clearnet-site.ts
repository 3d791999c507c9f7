import { type Check, checkClearnet } from './clearnet/checks.js';
import { prepareClearnetFolder, tryClearnetSockets } from './clearnet/folder.js';
import { type ClearnetSockets, clearnetIsOff, clearnetSockets } from './clearnet/plan.js';
import { outsideThroughTor } from './clearnet/through-tor.js';
import type { ClearnetConfig } from './config/config.js';
import type { InviteDesk } from './invites/desk.js';
import { type Ground, type SiteParts, siteOptions } from './rooms.js';
import { Site } from './site/site.js';
import { type CodeTarget, mintCode } from './ssb/code.js';
import type { RelaySockets } from './ssb/sockets.js';
import type { ClearnetView } from './status/clearnet.js';
import { hintOf, messageOf } from './support/errors.js';
import type { Service } from './support/lifecycle.js';
import type { Tor } from './tor/tor.js';

/** What the page on a public domain stands beside. */
export interface ClearnetParts extends Pick<SiteParts, 'ready' | 'draw'> {
  readonly tor: Pick<Tor, 'host' | 'socksPath'>;
  readonly desk: () => Pick<InviteDesk, 'entrance'>;
  /** What the codes of the onion's page name. */
  readonly codeTarget: () => CodeTarget;
}

/** The profile, on and with a folder for its sockets. */
interface Opened {
  readonly config: ClearnetConfig;
  readonly sockets: ClearnetSockets;
  readonly socketMode: number;
}

/** The same pages for whom a reverse proxy brings; without a domain in the configuration, nothing. */
export class ClearnetSite implements Service {
  readonly #ground: Ground;
  readonly #parts: ClearnetParts;
  #opened: Opened | undefined;
  #problem: string | undefined;
  #site: Site | undefined;

  constructor(ground: Ground, parts: ClearnetParts) {
    this.#ground = ground;
    this.#parts = parts;
  }

  /**
   * Prepares the folder of the proxy's sockets: before the relay listens there, and when no other
   * relay can start on the same state. Trouble with it is no reason to keep those out who come
   * through the onion: it is reported, and the relay goes on without the profile.
   */
  async prepare(): Promise<void> {
    const { config, log } = this.#ground;
    const { clearnet } = config;
    if (clearnet === undefined) return;
    try {
      const { socketMode } = await prepareClearnetFolder(clearnet.run);
      const sockets = clearnetSockets(clearnet);
      await tryClearnetSockets(sockets, socketMode);
      this.#opened = { config: clearnet, sockets, socketMode };
      log.warning(`${clearnet.domain} shows everybody where this board is ([clearnet] is on).`);
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Where SSB listens for the proxy; undefined unless it is offered at the domain. */
  get ssbSocket(): RelaySockets['clearnet'] {
    const { sockets, socketMode } = this.#opened ?? {};
    if (sockets?.ssb === undefined || socketMode === undefined) return undefined;
    return { listen: sockets.ssb, mode: socketMode };
  }

  /** Listens for the proxy, once the desk is open; trouble is reported as by {@link prepare}. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#opened === undefined) return;
    this.#site = this.#build(this.#opened);
    try {
      await this.#site.start(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#tell(error);
    }
  }

  async stop(): Promise<void> {
    await this.#site?.stop();
    this.#site = undefined;
  }

  /** @returns for the status; undefined while the profile is off */
  status(): ClearnetView | undefined {
    const { clearnet } = this.#ground.config;
    if (clearnet === undefined) return undefined;
    const { domain, ssb } = clearnet;
    return { domain, ssb, ...(this.#problem === undefined ? {} : { problem: this.#problem }) };
  }

  /**
   * Looks at the domain from outside, through Tor.
   * @throws SnugError CLEARNET_OFF, TOR_NOT_STARTED
   */
  async check(): Promise<Check[]> {
    const { clearnet, invites } = this.#ground.config;
    if (clearnet === undefined) throw clearnetIsOff();
    return checkClearnet({
      domain: clearnet.domain,
      onionPage: this.#onionPage(),
      ports: { http: 80, https: 443 },
      ssbPort: clearnet.ssb === 'domain' ? invites.port : undefined,
      outside: outsideThroughTor(this.#parts.tor.socksPath),
      now: Date.now,
    });
  }

  #tell(error: unknown): void {
    this.#problem = `${messageOf(error)} ${hintOf(error) ?? ''}`;
    this.#ground.log.error(`The clearnet profile is not offered. ${this.#problem}`);
  }

  #build({ config, sockets, socketMode }: Opened): Site {
    const { desk, ready, draw } = this.#parts;
    const entrance = desk().entrance((seed) => mintCode(this.#codeTarget(config), seed));
    return new Site({
      socket: sockets.site,
      ...siteOptions(this.#ground, { desk: entrance, ready, draw }),
      // Whoever comes this way has no circuit.
      cutOff: () => undefined,
      clearnet: { domain: config.domain, onionPage: () => this.#onionPage(), socketMode },
    });
  }

  #codeTarget({ domain, ssb }: ClearnetConfig): CodeTarget {
    const onion = this.#parts.codeTarget();
    return ssb === 'domain' ? { ...onion, host: domain } : onion;
  }

  #onionPage(): string {
    return `http://${this.#parts.tor.host}/invite/`;
  }
}
