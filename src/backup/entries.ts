/** What may lie in an archive: names below the state folder, in the order in which they come. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** One kind of entry. */
export interface EntryKind {
  readonly name: RegExp;
  /** Bytes of each. */
  readonly most: number;
  readonly least?: number;
  /** Without it an archive is no backup. */
  readonly required?: true;
  /** How many of the kind there may be; 1 if not given. */
  readonly count?: number;
  /** Small enough to be read whole, for its content is looked at. */
  readonly kept?: true;
  /** Its name is its digest, so that the list at the end need not have it. */
  readonly named?: true;
}

export const MANIFEST = 'manifest.json';
export const CONFIG = 'config.toml';
export const SECRET = 'ssb/secret';
export const OWN_FEED = 'ssb/own-feed.json';
export const HOSTNAME = 'tor/onion/hostname';
export const PUBLIC_KEY = 'tor/onion/hs_ed25519_public_key';
export const SECRET_KEY = 'tor/onion/hs_ed25519_secret_key';
export const CLIENTS = 'tor/onion/authorized_clients';
/** Of the onion for ssh, where there is one; the operator's half of its client authorisation last. */
export const SSH_ONION = [
  'tor/ssh/hostname',
  'tor/ssh/hs_ed25519_public_key',
  'tor/ssh/hs_ed25519_secret_key',
  'tor/ssh-client',
] as const;
export const LEDGER = 'invites.json';
export const LOG = 'ssb/flume/log.offset';
export const BLOBS = 'ssb/blobs/sha256';
export const END = 'end.json';

function exactly(name: string): RegExp {
  return new RegExp(`^${name.replaceAll('.', '\\.')}$`);
}

const [SSH_HOSTNAME, SSH_PUBLIC_KEY, SSH_SECRET_KEY, SSH_CLIENT] = SSH_ONION;

/** Whoever adds a kind raises FORMAT in manifest.ts: an older Snug refuses what it does not know. */
export const KINDS: readonly EntryKind[] = [
  { name: exactly(MANIFEST), most: 64 * KIB, required: true, kept: true },
  { name: exactly(CONFIG), most: 64 * KIB },
  { name: exactly(SECRET), most: 4 * KIB, required: true, kept: true },
  { name: exactly(OWN_FEED), most: 16 * MIB, required: true, kept: true },
  { name: exactly(HOSTNAME), least: 62, most: 128, required: true, kept: true },
  { name: exactly(PUBLIC_KEY), least: 64, most: 64, required: true },
  { name: exactly(SECRET_KEY), least: 96, most: 96, required: true },
  // rend-spec-v3, "Restricted discovery mode": one file for each client.
  { name: /^tor\/onion\/authorized_clients\/[\w-]{1,32}\.auth$/, most: KIB, count: 1000 },
  { name: exactly(SSH_HOSTNAME), least: 62, most: 128 },
  { name: exactly(SSH_PUBLIC_KEY), least: 64, most: 64 },
  { name: exactly(SSH_SECRET_KEY), least: 96, most: 96 },
  { name: exactly(SSH_CLIENT), most: KIB },
  { name: exactly(LEDGER), most: 64 * MIB, required: true, kept: true },
  // The offsets of ssb-db's log have 32 bits (flumelog-offset).
  { name: exactly(LOG), most: 2 ** 32 },
  // The laying out is multiblob's; a blob of the configured maximum is the largest.
  {
    name: /^ssb\/blobs\/sha256\/[0-9a-f]{2}\/[0-9a-f]{62}$/,
    most: 100 * MIB,
    count: Number.POSITIVE_INFINITY,
    named: true,
  },
  { name: exactly(END), most: MIB, required: true, kept: true },
];

/** @returns the place of the name's kind in {@link KINDS}; -1 when no archive may have such an entry */
export function kindOf(name: string): number {
  return KINDS.findIndex((kind) => kind.name.test(name));
}
