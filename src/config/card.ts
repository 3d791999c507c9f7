import { isIPv4 } from 'node:net';
import * as v from 'valibot';
import type { Config } from './config.js';
import type { Finding } from './problems.js';
import { isPublicKey } from './ssh-key.js';
import { isTable, PATH, type Table } from './values.js';

/*
 * What the card needs beyond the relay: its network, and who may come in. The relay itself takes no
 * notice of it; src/appliance/ puts it into effect at boot.
 */

const BOOLEAN_ALLOWED = 'true or false, without quotes';
const MOST_KEYS = 16;

function text(fits: (value: string) => boolean, allowed: string) {
  const check = v.check((value: string) => value === '' || fits(value), allowed);
  return v.optional(v.pipe(v.string(allowed), check), '');
}

function list(fits: (value: string) => boolean, most: number, allowed: string) {
  const entry = v.pipe(v.string(allowed), v.check(fits, allowed));
  return v.optional(v.pipe(v.array(entry, allowed), v.maxLength(most, allowed)), []);
}

/** IEEE 802.11: a name of at most 32 bytes. */
function isSsid(value: string): boolean {
  return Buffer.byteLength(value) <= 32 && !/\p{Cc}/u.test(value);
}

/** WPA: 8 to 63 printable ASCII characters, or the key itself in hex. */
function isPassphrase(value: string): boolean {
  return /^[\x20-\x7e]{8,63}$/.test(value) || /^[0-9a-f]{64}$/i.test(value);
}

function isCidr(value: string): boolean {
  const [address = '', length = '', rest] = value.split('/');
  const bits = Number(length);
  return rest === undefined && isIPv4(address) && /^\d+$/.test(length) && bits >= 8 && bits <= 30;
}

/** The keys of `[wifi]`. */
export const WIFI = {
  ssid: text(isSsid, 'the name of the network, at most 32 bytes'),
  password: text(isPassphrase, '8 to 63 letters, digits and signs of ASCII'),
  country: text((value) => /^[A-Z]{2}$/.test(value), 'two capitals, such as "DE"'),
};

/** The keys of `[network]`. */
export const NETWORK = {
  address: text(isCidr, 'an IPv4 address with its prefix length, such as "192.168.1.20/24"'),
  gateway: text(isIPv4, 'an IPv4 address, such as "192.168.1.1"'),
};

/** The keys of `[ssh]`. */
export const SSH = {
  keys: list(
    isPublicKey,
    MOST_KEYS,
    `at most ${MOST_KEYS} public keys in quotes, each as in a .pub file: "ssh-ed25519 AAAA…"`,
  ),
  lan: v.optional(v.boolean(BOOLEAN_ALLOWED), false),
  socket: PATH,
};

/** The sections as checked. */
export interface CardSettings {
  readonly wifi: { readonly ssid: string; readonly password: string; readonly country: string };
  readonly network: { readonly address: string; readonly gateway: string };
  readonly ssh: { readonly keys: readonly string[]; readonly lan: boolean };
}

/**
 * @param settings checked sections
 * @returns what the card needs; a network that was not set is undefined
 */
export function toCard({ wifi, network, ssh }: CardSettings): Config['card'] {
  const { address, gateway } = network;
  return {
    wifi: wifi.ssid === '' ? undefined : { ...wifi, password: wifi.password || undefined },
    network: address === '' ? undefined : { address, gateway: gateway || undefined },
    ssh: { keys: [...ssh.keys], lan: ssh.lan },
  };
}

/**
 * @param document a parsed TOML file, unchecked
 * @returns a finding for each key that makes no sense without another
 */
export function loneKeys(document: Table): Finding[] {
  const value = (section: string, key: string) => {
    const table = document[section];
    return isTable(table) ? (table[key] ?? '') : '';
  };
  const findings: Finding[] = [];
  const need = (section: string, key: string, other: string, allowed: string) => {
    if (value(section, key) !== '' || value(section, other) === '') return;
    findings.push({ key: `${section}.${key}`, value: '', allowed });
  };
  need('wifi', 'country', 'ssid', 'the country you are in, such as "DE": its rules hold for radio');
  need('wifi', 'ssid', 'password', 'the name of the network that the password is for');
  need('network', 'address', 'gateway', 'an address, when there is a gateway');
  return findings;
}
