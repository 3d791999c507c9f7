import { join } from 'node:path';
import { type Check, checkClearnet } from './clearnet/checks.js';
import { prepareClearnetFolder } from './clearnet/folder.js';
import { type ClearnetSockets, clearnetIsOff, clearnetSockets } from './clearnet/plan.js';
import { outsideThroughTor } from './clearnet/through-tor.js';
import type { ClearnetConfig, Config } from './config/config.js';
import { controlMethods, type Operator } from './control/methods.js';
import { ControlServer } from './control/server.js';
import { type CodeMint, type Graph, InviteDesk } from './invites/desk.js';
import { Site, type SiteOptions } from './site/site.js';
import { openRelayThread, type RelayThread } from './ssb/relay-thread.js';
import { hintOf, messageOf } from './support/errors.js';
import type { Log } from './support/log.js';
import type { TorStatus } from './tor/status.js';
import { Tor } from './tor/tor.js';

const SITE_PORT = 80;
const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

/** What every room is built from. */
export interface Ground {
  readonly config: Config;
  readonly paths: Paths;
  readonly log: Log;
}

/** The names of everything on the disk, in one place. */
export type Paths = ReturnType<typeof pathsOf>;

/** @returns where sockets and databases lie below the configured folders */
export function pathsOf(config: Config) {
  const { state, run } = config.paths;
  return {
    control: join(run, 'control.sock'),
    site: join(run, 'site.sock'),
    ssb: join(run, 'ssb.sock'),
    ledger: join(state, 'invites'),
    database: join(state, 'ssb'),
    tor: join(state, 'tor'),
    torSockets: join(run, 'tor'),
  };
}

/** @returns Tor with one onion service: the site on port 80, SSB on the port of the codes */
export function buildTor({ config, paths, log }: Ground): Tor {
  return new Tor({
    binary: config.tor.binary,
    include: config.tor.include,
    folder: paths.tor,
    run: paths.torSockets,
    services: [
      { virtualPort: SITE_PORT, socket: paths.site },
      { virtualPort: config.invites.port, socket: paths.ssb },
    ],
    streamsPerCircuit: config.limits.streamsPerCircuit,
    log: log.room('tor'),
    now: Date.now,
  });
}

/** What the public pages are in front of. */
export type SiteParts = Pick<SiteOptions, 'desk' | 'ready' | 'draw' | 'cutOff'>;

function siteOptions({ config, log }: Ground, parts: SiteParts) {
  return {
    title: config.site.title,
    ...parts,
    limits: config.limits,
    now: () => performance.now(),
    log: log.room('site'),
  };
}

/** @returns the public pages, in front of the desk */
export function buildSite(ground: Ground, parts: SiteParts): Site {
  return new Site({ socket: ground.paths.site, ...siteOptions(ground, parts) });
}

/** The clearnet profile, on and ready for its sockets. */
export interface Clearnet {
  readonly config: ClearnetConfig;
  readonly sockets: ClearnetSockets;
  readonly socketMode: number;
}

/**
 * Prepares the folder of the proxy's sockets. Trouble there is no reason to keep those out who come
 * through the onion: it is reported, and the relay goes on without the profile.
 *
 * @returns undefined when the profile is off; the problem, as a sentence, when it cannot be offered
 */
export async function openClearnet({
  config: { clearnet },
  log,
}: Ground): Promise<Clearnet | string | undefined> {
  if (clearnet === undefined) return undefined;
  try {
    const { socketMode } = await prepareClearnetFolder(clearnet.run);
    log.warning(`${clearnet.domain} shows everybody where this board is ([clearnet] is on).`);
    return { config: clearnet, sockets: clearnetSockets(clearnet), socketMode };
  } catch (error) {
    const problem = `${messageOf(error)} ${hintOf(error) ?? ''}`;
    log.error(`The clearnet profile is not offered. ${problem}`);
    return problem;
  }
}

/** @returns the same pages for whom the reverse proxy brings */
export function buildClearnetSite(
  ground: Ground,
  { config, sockets, socketMode }: Clearnet,
  tor: Tor,
  parts: Omit<SiteParts, 'cutOff'>,
): Site {
  const onionPage = () => onionPageOf(tor);
  return new Site({
    socket: sockets.site,
    ...siteOptions(ground, { ...parts, cutOff: () => undefined }),
    clearnet: { domain: config.domain, onionPage, socketMode },
  });
}

function onionPageOf(tor: Tor): string {
  return `http://${tor.host}/invite/`;
}

/**
 * Looks at the domain from outside, through Tor.
 * @throws SnugError CLEARNET_OFF, TOR_NOT_STARTED
 */
export async function checkDomain({ config }: Ground, tor: Tor): Promise<Check[]> {
  const { clearnet, invites } = config;
  if (clearnet === undefined) throw clearnetIsOff();
  return checkClearnet({
    domain: clearnet.domain,
    onionPage: onionPageOf(tor),
    ports: { http: 80, https: 443 },
    ssbPort: clearnet.ssb === 'domain' ? invites.port : undefined,
    outside: outsideThroughTor(tor.socksPath),
    now: Date.now,
  });
}

/** @returns the socket that the `snug` command speaks to */
export function buildControl({ paths, log }: Ground, operator: Operator): ControlServer {
  return new ControlServer({
    socket: paths.control,
    log: log.room('control'),
    methods: controlMethods(operator),
  });
}

/** @returns the invite desk, its ledger locked against a second relay on the same folder */
export function openDesk(
  { config, paths, log }: Ground,
  graph: Graph,
  mint: CodeMint,
): Promise<InviteDesk> {
  return InviteDesk.open({
    folder: paths.ledger,
    graph,
    mint,
    budget: { perHour: config.invites.perHour, burst: config.invites.burst },
    lifetimeMs: config.invites.lifetimeDays * DAY_MS,
    maySponsor: config.members.maySponsor,
    now: Date.now,
    log: log.room('invites'),
  });
}

/** @returns the SSB relay behind Tor's onion service, in its own thread, closed to everybody so far */
export function openRelay(
  { config, paths, log }: Ground,
  tor: Tor,
  clearnet: Clearnet | undefined,
): Promise<RelayThread> {
  const plain = clearnet?.sockets.ssb;
  return openRelayThread({
    folder: paths.database,
    listen: paths.ssb,
    ...(clearnet !== undefined &&
      plain !== undefined && { clearnet: { listen: plain, mode: clearnet.socketMode } }),
    socks: tor.socksPath,
    host: tor.host,
    port: config.invites.port,
    hops: config.feeds.hops,
    limits: {
      messagesPerFeed: config.feeds.messagesPerFeed,
      totalMessages: config.feeds.totalMessages,
      logBytes: config.feeds.logMb * MIB,
      reserveBytes: config.limits.reserveMb * MIB,
    },
    blobs: {
      maxBytes: config.blobs.maxMb * MIB,
      totalBytes: config.blobs.totalMb * MIB,
      // Blobs stop well before messages have to.
      keepFreeBytes: 2 * config.limits.reserveMb * MIB,
    },
    connections: config.limits.connections,
    peers: config.peers,
    log: log.room('ssb'),
  });
}

/**
 * Has the relay dial its peers while Tor is published and has a network, and wait while it has not:
 * as soon as it is back, they are dialled at once.
 * @returns ends that
 */
export function dialWhileOnline(tor: Tor, relay: RelayThread): () => void {
  let online = false;
  const tell = ({ state }: TorStatus) => {
    if ((state === 'published') === online) return;
    online = !online;
    // A relay that cannot be told has ended, and says so itself.
    relay.setOnline(online).catch(() => undefined);
  };
  tell(tor.status());
  return tor.onChange(tell);
}
