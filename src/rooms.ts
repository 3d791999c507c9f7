import { join } from 'node:path';
import type { Config } from './config/config.js';
import { controlMethods, type Operator } from './control/methods.js';
import { ControlServer } from './control/server.js';
import { type CodeMint, type Graph, InviteDesk } from './invites/desk.js';
import { Site, type SiteOptions } from './site/site.js';
import type { HoldTimings } from './ssb/own/hold-types.js';
import { openRelayThread, type RelayThread } from './ssb/relay-thread.js';
import type { RelaySockets } from './ssb/sockets.js';
import { messageOf } from './support/errors.js';
import type { Log } from './support/log.js';
import type { VisitTimings } from './tor/self-visits.js';
import { TIMINGS, type TorTimings } from './tor/timings.js';
import { Tor } from './tor/tor.js';

const SITE_PORT = 80;
const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

/** What every room is built from. */
export interface Ground {
  readonly config: Config;
  readonly paths: Paths;
  readonly log: Log;
  readonly timings?: Timings | undefined;
}

/** Waits that a test makes shorter. */
export interface Timings {
  readonly tor?: Partial<TorTimings>;
  readonly visits?: Partial<VisitTimings>;
  readonly hold?: Partial<HoldTimings>;
}

/** The names of everything on the disk, in one place. */
export type Paths = ReturnType<typeof pathsOf>;

/** @returns where sockets and databases lie below the configured folders */
export function pathsOf(config: Config) {
  const { state, run } = config.paths;
  // A Tor of another user gets folders of its own beside ours (docs/appliance.md).
  const unit =
    config.tor.launch === 'unit' ? { handover: `${run}-to-tor`, home: `${state}-tor` } : undefined;
  const doors = unit?.handover ?? run;
  return {
    control: join(run, 'control.sock'),
    site: join(doors, 'site.sock'),
    ssb: join(doors, 'ssb.sock'),
    clockSkew: join(run, 'clock-skew'),
    ledger: join(state, 'invites'),
    database: join(state, 'ssb'),
    tor: join(state, 'tor'),
    mail: join(state, 'mail'),
    torSockets: unit === undefined ? join(run, 'tor') : `${run}-tor`,
    unit,
  };
}

/** @returns Tor with one onion service: the site on port 80, SSB on the port of the codes */
export function buildTor({ config, paths, log, timings }: Ground): Tor {
  const options = {
    binary: config.tor.binary,
    include: config.tor.include,
    folder: paths.tor,
    run: paths.torSockets,
    unit: paths.unit,
    bridges: config.tor.bridges,
    ssh: config.tor.ssh,
    services: [
      { virtualPort: SITE_PORT, socket: paths.site },
      { virtualPort: config.invites.port, socket: paths.ssb },
    ],
    streamsPerCircuit: config.limits.streamsPerCircuit,
    log: log.room('tor'),
    now: Date.now,
  };
  return new Tor(options, { ...TIMINGS, ...timings?.tor });
}

/** What public pages are in front of. */
export type SiteParts = Pick<SiteOptions, 'desk' | 'ready' | 'draw'>;

/** @returns what all public pages have in common, wherever they are */
export function siteOptions({ config, log }: Ground, parts: SiteParts) {
  return {
    title: config.site.title,
    ...parts,
    limits: config.limits,
    now: () => performance.now(),
    log: log.room('site'),
  };
}

/** @returns the public pages behind the onion, in front of the desk */
export function buildSite(ground: Ground, tor: Tor, parts: SiteParts): Site {
  return new Site({
    socket: ground.paths.site,
    ...siteOptions(ground, parts),
    cutOff: (circuit) => cutOff(ground, tor, circuit),
  });
}

/** A Tor that is restarting has closed the circuit already, and one too busy to be asked will. */
function cutOff({ log }: Ground, tor: Tor, circuit: number): void {
  tor.closeCircuit(circuit).catch((error: unknown) => {
    log.debug(`a circuit was not closed: ${messageOf(error)}`);
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

/**
 * @param clearnet a second socket, for whom a proxy brings; undefined: none
 * @returns the SSB relay behind Tor's onion service, in its own thread, closed to everybody so far
 */
export function openRelay(
  ground: Ground,
  tor: Tor,
  clearnet: RelaySockets['clearnet'],
): Promise<RelayThread> {
  const { config, paths, log, timings } = ground;
  return openRelayThread({
    folder: paths.database,
    listen: paths.ssb,
    ...(clearnet === undefined ? {} : { clearnet }),
    socks: tor.socksPath,
    host: tor.host,
    port: config.invites.port,
    hops: config.feeds.hops,
    limits: {
      messagesPerFeed: config.feeds.messagesPerFeed,
      bytesPerFeed: config.feeds.mbPerFeed * MIB,
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
    ...(timings?.hold === undefined ? {} : { hold: timings.hold }),
    log: log.room('ssb'),
  });
}
