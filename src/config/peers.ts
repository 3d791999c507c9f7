import * as v from 'valibot';
import { asFeedId, type FeedId } from '../support/feed-id.js';
import { asOnionHost, type OnionHost } from '../support/onion-host.js';
import type { PeerConfig } from './config.js';
import { keyLines } from './key-lines.js';
import type { Finding } from './problems.js';
import { isTable, type Table } from './values.js';

/** Each peer keeps a circuit and a replication open, on a small board beside all members'. */
const MOST_PEERS = 16;
const LONGEST_NAME = 40;

const ADDRESS_ALLOWED =
  'a relay\'s address as its "snug status" shows it: onion:<host>:<port>~shs:<key>';
const NAME_ALLOWED = `1 to ${LONGEST_NAME} letters, digits, spaces and signs`;
const LIST_ALLOWED = `at most ${MOST_PEERS} tables, each headed [[peers]]`;
const TWICE = 'each relay once: an earlier entry has the same host or the same key';

interface Address {
  readonly host: OnionHost;
  readonly port: number;
  readonly id: FeedId;
}

function parseAddress(text: string): Address | undefined {
  const match = /^onion:([^:]+):(\d{1,5})~shs:([^:~]+)$/.exec(text);
  const host = asOnionHost(match?.[1] ?? '');
  const port = Number(match?.[2]);
  const id = asFeedId(`@${match?.[3]}.ed25519`);
  if (host === undefined || id === undefined || port < 1 || port > 65535) return undefined;
  return { host, port, id };
}

/** The name is printed by "snug status", so nothing in it may paint the terminal. */
function isName(text: string): boolean {
  return [...text].length <= LONGEST_NAME && /^[\p{L}\p{N}\p{P}\p{S}\p{M} ]*$/u.test(text);
}

const PEER = v.strictObject(
  {
    // Left out, it is "", which is no address.
    address: v.optional(
      v.pipe(
        v.string(ADDRESS_ALLOWED),
        v.check((text) => parseAddress(text) !== undefined, ADDRESS_ALLOWED),
      ),
      '',
    ),
    name: v.optional(v.pipe(v.string(NAME_ALLOWED), v.trim(), v.check(isName, NAME_ALLOWED)), ''),
  },
  'a table of keys',
);

/** The relays that this one knows, as written in the file. */
export const PEERS = v.optional(
  v.pipe(v.array(PEER, LIST_ALLOWED), v.maxLength(MOST_PEERS, LIST_ALLOWED)),
  [],
);

/** The keys of each entry. */
export const PEER_KEYS: readonly string[] = Object.keys(PEER.entries);

/**
 * @param entries checked by {@link PEERS}
 * @param text of the file, for faults that only show once the relay knows its own address
 */
export function toPeers(entries: v.InferOutput<typeof PEERS>, text: string): readonly PeerConfig[] {
  const lines = entries.length === 0 ? new Map<string, number>() : keyLines(text);
  const peers = entries.flatMap(({ address, name }, index) => {
    const parsed = parseAddress(address);
    if (parsed === undefined) return [];
    const line = lines.get(`peers.${index + 1}.address`);
    return [Object.freeze({ ...parsed, name: name || undefined, line })];
  });
  return Object.freeze(peers);
}

/**
 * @param list `peers` of a parsed TOML file
 * @returns its tables, if it is a list; anything else is the schema's business
 */
export function peerTables(list: unknown): Table[] {
  return Array.isArray(list) ? list.filter(isTable) : [];
}

/**
 * @param document a parsed TOML file
 * @returns a finding for each peer whose host or key an earlier one has
 */
export function repeatedPeers(document: Table): Finding[] {
  const seen = new Set<string>();
  return peerTables(document.peers).flatMap(({ address }, index) => {
    const parsed = typeof address === 'string' ? parseAddress(address) : undefined;
    if (parsed === undefined) return [];
    const { host, id } = parsed;
    const twice = seen.has(host) || seen.has(id);
    seen.add(host).add(id);
    return twice ? [{ key: `peers.${index + 1}.address`, value: address, allowed: TWICE }] : [];
  });
}
