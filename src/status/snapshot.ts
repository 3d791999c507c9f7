import { boardTodo } from './board.js';
import { type ClearnetView, clearnetTodo } from './clearnet.js';
import { type DeskView, deskTodo } from './desk.js';
import { diskTodo } from './disk.js';
import type { MachineView } from './machine.js';
import { type MailView, mailTodo } from './mail.js';
import { type SsbView, ssbTodo } from './ssb.js';
import { startsTodo } from './starts.js';
import { type TorView, torTodo } from './tor.js';
import { updatesTodo } from './updates.js';
import { type VisitsView, visitsTodo } from './visits.js';

/** How the relay is: `well`, `degraded` (works, but somebody should look) or `down`. */
export type Health = 'well' | 'degraded' | 'down';

/** One look at every room; a room that is not up yet is undefined. */
export interface Rooms {
  readonly tor: TorView | undefined;
  readonly ssb: SsbView | undefined;
  readonly desk: DeskView | undefined;
  /** Whether the site listens. */
  readonly site: boolean;
  /** Left out while that profile is off. */
  readonly clearnet?: ClearnetView | undefined;
  readonly visits?: VisitsView | undefined;
  readonly machine?: MachineView | undefined;
  /** How often the relay was started within the last hour. */
  readonly starts?: number | undefined;
  readonly mail?: MailView | undefined;
}

/** What `snug status --json` prints. */
export interface Snapshot {
  readonly health: Health;
  /** Everything is up, the onion address is published, and visitors get in as far as is known. */
  readonly ready: boolean;
  readonly version: string;
  readonly uptimeSeconds: number;
  /** The address for visitors, once Tor knows it. */
  readonly site: string | undefined;
  /** The address for SSB peers, once the relay is up. */
  readonly ssbAddress: string | undefined;
  readonly tor: TorView | undefined;
  readonly ssb: SsbView | undefined;
  readonly desk: DeskView | undefined;
  /** The page on a public domain too; undefined while that profile is off. */
  readonly clearnet: ClearnetView | undefined;
  /** The relay's visits to itself. */
  readonly visits: VisitsView | undefined;
  readonly machine: MachineView | undefined;
  readonly starts: number | undefined;
  /** undefined when no mail is configured. */
  readonly mail: MailView | undefined;
  /** What somebody should do, in words; empty when all is well. */
  readonly todo: readonly string[];
}

/** @returns what is not well, and what to do about it */
function troublesOf({ tor, ssb, clearnet, visits, machine, starts, mail }: Rooms): string[] {
  return [
    ...torTodo(tor),
    ...visitsTodo(visits),
    ...clearnetTodo(clearnet),
    ...ssbTodo(ssb),
    ...diskTodo(machine?.disk),
    ...boardTodo(machine?.board),
    ...updatesTodo(machine?.updates),
    ...startsTodo(starts ?? 0),
    ...mailTodo(mail),
  ];
}

/** @returns what only takes time */
function waitingFor({ tor, ssb, desk }: Rooms): string[] {
  const waits: string[] = [];
  if (tor !== undefined && tor.problem === undefined && tor.state !== 'published') {
    waits.push('Wait: Tor is not ready yet.');
  }
  if (ssb !== undefined && !ssb.indexed) waits.push('Wait: SSB is still reading its log.');
  return [...waits, ...deskTodo(desk)];
}

function healthOf(rooms: Rooms, troubles: readonly string[]): Health {
  if (rooms.tor === undefined || rooms.ssb === undefined || !rooms.site) return 'down';
  if (rooms.tor.state !== 'published' || rooms.visits?.ailment?.shut === true) return 'down';
  return troubles.length === 0 && rooms.ssb.indexed ? 'well' : 'degraded';
}

/** What {@link takeSnapshot} cannot know by itself. */
export interface About {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly ssbAddress: string | undefined;
}

/**
 * @param rooms one look at every room
 * @returns how the relay is, for the operator and for scripts
 */
export function takeSnapshot(rooms: Rooms, about: About): Snapshot {
  const troubles = troublesOf(rooms);
  const health = healthOf(rooms, troubles);
  return {
    health,
    ready: health !== 'down',
    version: about.version,
    uptimeSeconds: Math.round(about.uptimeSeconds),
    site: rooms.tor?.host === undefined ? undefined : `http://${rooms.tor.host}`,
    ssbAddress: about.ssbAddress,
    tor: rooms.tor,
    ssb: rooms.ssb,
    desk: rooms.desk,
    clearnet: rooms.clearnet,
    visits: rooms.visits,
    machine: rooms.machine,
    starts: rooms.starts,
    mail: rooms.mail,
    todo: [...troubles, ...waitingFor(rooms)],
  };
}
