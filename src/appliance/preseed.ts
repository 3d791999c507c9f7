import { parse, TomlError } from 'smol-toml';
import { isPublicKey } from '../config/ssh-key.js';
import type { Wifi } from './card.js';

/** What Raspberry Pi Imager's own settings say to this card. */
export interface Preseed {
  readonly hostname: string | undefined;
  readonly keys: readonly string[];
  readonly wifi: Wifi | undefined;
  /** What was not understood, in words. */
  readonly problems: readonly string[];
}

/** Nothing was said. */
export const NO_PRESEED: Preseed = {
  hostname: undefined,
  keys: [],
  wifi: undefined,
  problems: [],
};

const HOSTNAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** A table of the file, and what its values are. */
class Section {
  readonly #table: Record<string, unknown>;

  constructor(document: Record<string, unknown>, name: string) {
    const table = document[name];
    this.#table = typeof table === 'object' && table !== null ? { ...table } : {};
  }

  text(key: string): string | undefined {
    const value = this.#table[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  flag(key: string): boolean {
    return this.#table[key] === true;
  }

  texts(key: string): string[] {
    const value = this.#table[key];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }
}

function wifiOf(wlan: Section, problems: string[]): Wifi | undefined {
  const ssid = wlan.text('ssid');
  if (ssid === undefined) return undefined;
  const password = wlan.text('password');
  const country = wlan.text('country')?.toUpperCase();
  const sound = password === undefined || /^([\x20-\x7e]{8,63}|[0-9a-f]{64})$/i.test(password);
  if (Buffer.byteLength(ssid) > 32 || /\p{Cc}/u.test(ssid) || !sound) {
    problems.push('[wlan]: this is no name and password of a Wi-Fi network.');
    return undefined;
  }
  if (country === undefined || !/^[A-Z]{2}$/.test(country)) {
    problems.push('[wlan]: country is missing; choose it in Raspberry Pi Imager.');
    return undefined;
  }
  return { ssid, password, country, hidden: wlan.flag('hidden') };
}

function read(document: Record<string, unknown>): Preseed {
  const problems: string[] = [];
  const hostname = new Section(document, 'system').text('hostname');
  const named = hostname === undefined || HOSTNAME.test(hostname);
  if (!named) problems.push('[system]: this is no host name.');
  const keys = new Section(document, 'ssh').texts('authorized_keys').map((key) => key.trim());
  const sound = keys.filter(isPublicKey);
  if (sound.length < keys.length) problems.push('[ssh]: not every entry is a public key.');
  return {
    hostname: named ? hostname : undefined,
    keys: sound,
    wifi: wifiOf(new Section(document, 'wlan'), problems),
    problems,
  };
}

/**
 * Reads what Raspberry Pi Imager writes beside the kernel when an image says `rpi-preseed`: host
 * name, ssh keys and Wi-Fi. Users, passwords, keyboards and time zones have no use here.
 *
 * @param text of rpi-preseed.toml
 * @returns what it says; a file that cannot be read says nothing but a problem
 */
export function parsePreseed(text: string): Preseed {
  try {
    return read(parse(text.replace(/^\ufeff/, '')));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { ...NO_PRESEED, problems: [`line ${error.line}: this is not TOML.`] };
  }
}
