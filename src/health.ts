import { join } from 'node:path';
import type { InviteDesk } from './invites/desk.js';
import type { Ground } from './rooms.js';
import type { Site } from './site/site.js';
import type { RelayThread } from './ssb/relay-thread.js';
import type { ClearnetView } from './status/clearnet.js';
import { type Begun, type Condition, conditionsOf } from './status/conditions.js';
import { Machine } from './status/machine.js';
import type { MailView } from './status/mail.js';
import { metricsText } from './status/metrics.js';
import { type Snapshot, takeSnapshot } from './status/snapshot.js';
import { noteStart } from './status/starts.js';
import { STEADY_CLOCK } from './support/clock.js';
import { messageOf } from './support/errors.js';
import type { Service } from './support/lifecycle.js';
import { packageVersion } from './support/package.js';
import { visitSelf } from './tor/self-visit.js';
import { SelfVisits, VISIT_TIMINGS, type VisitTimings } from './tor/self-visits.js';
import type { Tor } from './tor/tor.js';

/** How often it is looked whether somebody should be told of anything. */
const LOOK_EVERY_MS = 60_000;
const SITE_PORT = 80;

/** The rooms whose health it is. */
export interface HealthParts {
  readonly tor: Tor;
  readonly site: Site;
  readonly desk: () => InviteDesk | undefined;
  readonly relay: () => RelayThread | undefined;
  readonly clearnet: () => ClearnetView | undefined;
  readonly mail: () => MailView | undefined;
}

/** Where people come in. */
interface VisitedRooms {
  readonly site: { readonly ownVisit: { readonly others: number } };
  readonly relay: () => { status(): { readonly arrivals: number } } | undefined;
}

/** How the relay is: for `snug status`, for metrics, and for whoever tells a person. */
export class Health implements Service {
  /** The relay's visits to itself; started and stopped by the owner. */
  readonly visits: SelfVisits;
  readonly #ground: Ground;
  readonly #parts: HealthParts;
  readonly #machine: Machine;
  #starts: (() => number) | undefined;
  #begun: Begun = new Map();
  #conditions: readonly Condition[] = [];
  #looking: NodeJS.Timeout | undefined;

  constructor(ground: Ground, parts: HealthParts) {
    this.#ground = ground;
    this.#parts = parts;
    this.#machine = new Machine({
      state: ground.config.paths.state,
      log: join(ground.paths.database, 'flume', 'log.offset'),
    });
    this.visits = buildVisits(ground, parts);
  }

  /** Notes this start, and begins to look each minute. */
  async start(): Promise<void> {
    const file = join(this.#ground.config.paths.state, 'starts.json');
    try {
      this.#starts = noteStart(file, Date.now(), STEADY_CLOCK);
    } catch (error) {
      this.#ground.log.warning(`This start could not be noted: ${messageOf(error)}`);
    }
    this.#looking = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
    await this.look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#looking);
  }

  /** What a person should be told of, at most a minute old. */
  get conditions(): readonly Condition[] {
    return this.#conditions;
  }

  /** @returns one look at every room; what the disk knows is at most a minute old */
  status(): Snapshot {
    const { tor, site, desk: openedDesk, relay } = this.#parts;
    const desk = openedDesk();
    const rooms = {
      tor: tor.status(),
      ssb: relay()?.status(),
      desk: desk && { ...desk.budget(), ...desk.counters() },
      site: site.listening,
      clearnet: this.#parts.clearnet(),
      visits: this.visits.status(),
      machine: this.#machine.view,
      starts: this.#starts?.(),
      mail: this.#parts.mail(),
    };
    return takeSnapshot(rooms, {
      version: packageVersion(),
      uptimeSeconds: process.uptime(),
      ssbAddress: relay()?.address,
    });
  }

  /** @returns one look at every room and at the disk */
  async look(): Promise<Snapshot> {
    await this.#machine.look();
    const snapshot = this.status();
    const now = { wall: Date.now(), steady: performance.now() };
    const { conditions, begun } = conditionsOf(snapshot, this.#begun, now);
    this.#conditions = conditions;
    this.#begun = begun;
    return snapshot;
  }

  /** @returns one look, in the text format of Prometheus */
  async metrics(): Promise<string> {
    return metricsText(await this.look());
  }
}

/**
 * Only who comes anew counts: a connection that lasts shows that the way in was open once, and whoever
 * is cut off by a restart comes back and counts from then on.
 *
 * @returns how often others came in through Tor so far: requests to the site, and SSB peers let in
 */
export function visitorsOf({ site, relay }: VisitedRooms): number {
  return site.ownVisit.others + (relay()?.status().arrivals ?? 0);
}

function buildVisits({ log, timings }: Ground, parts: HealthParts): SelfVisits {
  const { tor, site } = parts;
  const plan: VisitTimings = { ...VISIT_TIMINGS, ...timings?.visits };
  const visit = (signal: AbortSignal) =>
    visitSelf(
      {
        socksPath: tor.socksPath,
        host: tor.host,
        port: SITE_PORT,
        path: '/invite/',
        headers: site.ownVisit.headers,
        check: (answer) => site.ownVisit.check(answer),
        deadlineMs: plan.deadline,
      },
      signal,
    );
  return new SelfVisits({
    tor,
    visit,
    door: { answers: () => site.answers(), reopen: () => site.reopen() },
    visitors: () => visitorsOf(parts),
    clock: STEADY_CLOCK,
    timings: plan,
    log: log.room('visits'),
  });
}
