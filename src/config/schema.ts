import * as v from 'valibot';
import { BRIDGES } from './bridges.js';
import { NETWORK, SSH, WIFI } from './card.js';
import { CLEARNET } from './clearnet.js';
import { MAIL } from './mail.js';
import { PEER_KEYS, PEERS } from './peers.js';
import { HOST, isTable, LAUNCH, PATH, type Table, TITLE, wholeNumber } from './values.js';

function section<const Entries extends v.ObjectEntries>(entries: Entries) {
  const allowed = 'a table of keys';
  return v.pipe(v.custom<Table>(isTable, allowed), v.strictObject(entries, allowed));
}

/** The site has this port of the onion service to itself (specification, onion domains). */
const SITE_PORT = 80;

/** The file, key by key, with defaults and ranges; `snug.example.toml` explains the same. */
const SECTIONS = {
  paths: section({ state: PATH, run: PATH }),
  tor: section({ binary: PATH, include: PATH, launch: LAUNCH, bridges: BRIDGES }),
  invites: section({
    host: HOST,
    port: wholeNumber(8008, 1, 65535, SITE_PORT),
    lifetime_days: wholeNumber(7, 1, 365),
    per_hour: wholeNumber(30, 1, 1000),
    burst: wholeNumber(10, 1, 1000),
  }),
  members: section({ may_sponsor: wholeNumber(5, 0, 1000) }),
  feeds: section({
    hops: wholeNumber(2, 1, 4),
    messages_per_feed: wholeNumber(100_000, 100, 10_000_000),
    mb_per_feed: wholeNumber(100, 1, 4000),
    total_messages: wholeNumber(2_000_000, 1000, 100_000_000),
    // The offsets of ssb-db's log have 32 bits (flumelog-offset).
    log_mb: wholeNumber(2000, 10, 4000),
  }),
  blobs: section({
    max_mb: wholeNumber(5, 1, 100),
    total_mb: wholeNumber(2000, 1, 1_000_000),
  }),
  site: section({ title: TITLE }),
  clearnet: section(CLEARNET),
  mail: section(MAIL),
  log: section({ file: PATH }),
  limits: section({
    // A visit that succeeds takes four requests; fewer than ten would turn visitors away.
    requests_per_minute: wholeNumber(60, 10, 10_000),
    streams_per_circuit: wholeNumber(16, 1, 65535),
    sessions: wholeNumber(1000, 10, 100_000),
    connections: wholeNumber(256, 8, 10_000),
    reserve_mb: wholeNumber(32, 16, 100_000),
  }),
  wifi: section(WIFI),
  network: section(NETWORK),
  ssh: section(SSH),
};

/** The checked file, defaults filled in, keys as written there; "" where nothing was set. */
export type Settings = {
  readonly [Name in keyof typeof SECTIONS]: v.InferOutput<(typeof SECTIONS)[Name]>;
} & { readonly peers: v.InferOutput<typeof PEERS> };

/** The keys that each section knows, by section. */
export const KNOWN_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(SECTIONS).map(([name, { pipe }]) => [name, Object.keys(pipe[1].entries)]),
);

/** The keys that the tables of each list know, by list. */
export const KNOWN_LISTS: ReadonlyMap<string, readonly string[]> = new Map([['peers', PEER_KEYS]]);

/**
 * @param document a parsed TOML file
 * @returns valibot's result: the settings, or an issue for each fault. A strict object stops at a
 *   table's first unknown key; `unknownKeys` names them all.
 */
export function checkSettings(document: Table): v.SafeParseResult<v.GenericSchema<Settings>> {
  const everySection = Object.fromEntries([...KNOWN_KEYS.keys()].map((name) => [name, {}]));
  return v.safeParse(
    v.strictObject({ ...SECTIONS, peers: PEERS }),
    Object.assign(everySection, document),
  );
}
