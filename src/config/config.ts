import type { FeedId } from '../support/feed-id.js';
import type { MailAddress } from '../support/mail-address.js';
import type { OnionHost } from '../support/onion-host.js';

/** A relay that the operator trusts. */
export interface PeerConfig {
  /** What the operator calls it; undefined when not named. */
  readonly name: string | undefined;
  readonly host: OnionHost;
  /** 1 … 65535 */
  readonly port: number;
  /** Its feed, which is also its public key. */
  readonly id: FeedId;
  /** Where its address stands in the file. */
  readonly line: number | undefined;
}

/** The page on a public domain too, through a reverse proxy. It shows where the relay is. */
export interface ClearnetConfig {
  /** Lower case, without a port. */
  readonly domain: string;
  /** Which address the codes given there carry; `domain` also offers SSB there. */
  readonly ssb: 'onion' | 'domain';
  /** Where the proxy's certificate comes from. All paths are absolute. */
  readonly tls:
    | { readonly kind: 'acme'; readonly email: string | undefined }
    | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
    | { readonly kind: 'internal' };
  /** Folder of the sockets that the proxy connects to, absolute. */
  readonly run: string;
}

/** How mail is sent. */
export interface MailConfig {
  /** A name or an onion host, lower case. */
  readonly server: string;
  readonly port: number;
  /** TLS from the start, TLS after STARTTLS and not without; none only to an onion host. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** The name in the server's certificate, when it is not `server`. */
  readonly tlsName: string | undefined;
  /** Of the account; undefined: the server wants no login. */
  readonly user: string | undefined;
  /** Absolute; first line is the password. */
  readonly passwordFile: string | undefined;
  /** Where systemd puts the password, absolute, if it does; used without `passwordFile`. */
  readonly credential: string | undefined;
  readonly from: MailAddress;
  /** The operator. */
  readonly to: MailAddress;
  /** Whether what goes wrong is mailed. */
  readonly alerts: boolean;
  /** Whether numbers are mailed each month. */
  readonly digest: boolean;
}

/**
 * Everything that the operator may decide, checked and deep-frozen; made only by `loadConfig`.
 * `snug.example.toml` explains each value to the operator, with its range.
 */
export interface Config {
  /** The file it came from, absolute; undefined when there was none. */
  readonly file: string | undefined;
  readonly paths: {
    /** Folder of keys, feeds and ledgers, absolute; to be backed up. */
    readonly state: string;
    /** Folder of sockets, absolute; at most {@link LONGEST_RUN_FOLDER} bytes, emptied at boot. */
    readonly run: string;
  };
  readonly tor: {
    /** The tor program, absolute; undefined: look for it where systems put it. */
    readonly binary: string | undefined;
    /** A file whose lines are appended to the torrc, absolute. */
    readonly include: string | undefined;
    /** Bridge lines, as given by those who run the bridges; none: Tor's public relays. */
    readonly bridges: readonly string[];
    /** Started by us as our child, or by systemd as a unit and user of its own. */
    readonly launch: 'child' | 'unit';
    /** Unix socket of the ssh server that gets an onion of its own; undefined: no key, no ssh. */
    readonly ssh: string | undefined;
  };
  readonly invites: {
    /** The host in each code, lower case; undefined: this relay's own onion address. */
    readonly host: string | undefined;
    /** The port in each code, which the onion service offers for SSB. */
    readonly port: number;
    readonly lifetimeDays: number;
    /** Codes that the whole relay may make in an hour. */
    readonly perHour: number;
    /** Codes that it may make at once after a quiet time. */
    readonly burst: number;
  };
  readonly members: {
    /** Feeds that one member may bring along by `follow`. */
    readonly maySponsor: number;
  };
  readonly feeds: {
    /** How far feeds are carried: 1 members, 2 and whom they follow, and so on. */
    readonly hops: number;
    /** Most messages of one feed, and of all together. */
    readonly messagesPerFeed: number;
    readonly totalMessages: number;
    /** Messages of one feed, in MiB. */
    readonly mbPerFeed: number;
    /** All messages together, in MiB. */
    readonly logMb: number;
  };
  readonly blobs: {
    /** Largest blob, in MiB. */
    readonly maxMb: number;
    /** All blobs together, in MiB. */
    readonly totalMb: number;
  };
  /** What only the card looks at (src/appliance/); the relay does not. */
  readonly card: {
    readonly wifi:
      | { readonly ssid: string; readonly password: string | undefined; readonly country: string }
      | undefined;
    /** A fixed address (with prefix length) in place of DHCP. */
    readonly network:
      | { readonly address: string; readonly gateway: string | undefined }
      | undefined;
    /** Public keys that may come in by ssh; also from the LAN? */
    readonly ssh: { readonly keys: readonly string[]; readonly lan: boolean };
  };
  /** Other relays, which this one dials and whose members' feeds it carries. */
  readonly peers: readonly PeerConfig[];
  readonly site: {
    readonly title: string;
  };
  /** Undefined while the profile is off, which is the default. */
  readonly clearnet: ClearnetConfig | undefined;
  /** undefined: no mail. */
  readonly mail: MailConfig | undefined;
  readonly log: {
    /** A file that the log is written to as well, absolute; undefined: only standard error. */
    readonly file: string | undefined;
  };
  readonly limits: {
    /** HTTP requests a minute on one Tor circuit. */
    readonly requestsPerMinute: number;
    /** Open streams on one Tor circuit (HiddenServiceMaxStreams). */
    readonly streamsPerCircuit: number;
    /** Visitors' sessions kept at once. */
    readonly sessions: number;
    /** Connections open at once, on each of the relay's sockets. */
    readonly connections: number;
    /** Room on the disk that messages leave, in MiB. */
    readonly reserveMb: number;
  };
}

/** sockaddr_un has 108 bytes for the path and its final NUL (unix(7)). */
const LONGEST_SOCKET_PATH = 107;
/** Bytes kept free for the name of a socket in the run folder. */
const LONGEST_SOCKET_NAME = 24;
/** Bytes that the run folder's path may have: `<run>/<socket name>` must fit. */
export const LONGEST_RUN_FOLDER = LONGEST_SOCKET_PATH - LONGEST_SOCKET_NAME - 1;
/** The same for the folder of the clearnet's sockets: `/site.sock` is the longest name there. */
export const LONGEST_CLEARNET_FOLDER = LONGEST_SOCKET_PATH - '/site.sock'.length;
