import type { DeskView } from '../../src/status/desk.js';
import type { MachineView } from '../../src/status/machine.js';
import type { About, Rooms } from '../../src/status/snapshot.js';
import type { SsbView } from '../../src/status/ssb.js';
import type { TorView } from '../../src/status/tor.js';
import type { VisitsView } from '../../src/status/visits.js';

const MINUTE = 60_000;

/** When the views below were taken, in milliseconds since 1970. */
export const NOW = 1_700_000_000_000;

export const TOR: TorView = {
  state: 'published',
  version: '0.4.9.11',
  host: 'x.onion',
  bootstrap: { progress: 100, summary: 'Done' },
  descriptors: { wanted: 2, uploaded: 2, lastUpload: NOW - 12 * MINUTE },
  restarts: 0,
};

const BLOBS = { count: 2, bytes: 4096, totalBytes: 1e9, wanted: 0, fetching: 0, pause: undefined };

export const SSB: SsbView = {
  id: '@x',
  members: 3,
  reach: 9,
  connected: 1,
  peers: [],
  blobs: BLOBS,
  indexed: true,
};

export const DESK: DeskView = {
  left: 4,
  perHour: 30,
  shown: 5,
  solved: 4,
  wrong: 1,
  gone: 2,
  overBudget: 1,
  redeemed: 3,
};

export const VISITS: VisitsView = { lastWellSeconds: 420, well: 40, failed: 2 };

export const MACHINE: MachineView & { readonly disk: NonNullable<MachineView['disk']> } = {
  disk: { freeBytes: 12.3e9, totalBytes: 29e9, usedPercent: 58 },
  board: { celsius: 51, throttled: false, underVoltage: false, troubleBefore: false },
  log: { bytes: 84 * 1024 * 1024, lastMessage: NOW - 2 * MINUTE },
  updates: undefined,
};

/** A relay with nothing to complain about. */
export const WELL: Rooms = {
  tor: TOR,
  ssb: SSB,
  desk: DESK,
  site: true,
  visits: VISITS,
  machine: MACHINE,
  starts: 1,
};

export const ABOUT: About = {
  version: '1.0.0',
  uptimeSeconds: 3 * 86_400 + 4 * 3600,
  ssbAddress: 'onion:x.onion:8008~shs:k',
};
