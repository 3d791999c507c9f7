import type { Config } from '../config/config.js';
import type { Preseed } from './preseed.js';

/** A Wi-Fi network to join. */
export interface Wifi {
  readonly ssid: string;
  /** A passphrase or 64 hexadecimal digits; undefined: a network without one. */
  readonly password: string | undefined;
  readonly country: string;
  /** It does not tell its name. */
  readonly hidden: boolean;
}

/** Everything that the card itself, not the relay, has to do with. */
export interface Card {
  readonly hostname: string | undefined;
  readonly wifi: Wifi | undefined;
  readonly network: Config['card']['network'];
  readonly ssh: { readonly keys: readonly string[]; readonly lan: boolean };
  /** Rules of systemd/firewall.d that are in force. */
  readonly firewall: readonly string[];
}

/**
 * @param config the card's snug.toml
 * @param preseed what Raspberry Pi Imager was told; snug.toml wins where both say something
 * @param password kept from an earlier start, when snug.toml names none any more
 * @returns what is to be put into effect
 */
export function cardOf(config: Config, preseed: Preseed, password: string | undefined): Card {
  const { wifi, network, ssh } = config.card;
  const own = wifi && { ...wifi, password: wifi.password ?? password, hidden: false };
  const keys = [...new Set([...ssh.keys, ...preseed.keys])];
  const snowflake = config.tor.bridges.some((line) => /^snowflake /i.test(line));
  return {
    hostname: preseed.hostname,
    wifi: own ?? preseed.wifi,
    network,
    ssh: { keys, lan: ssh.lan },
    firewall: [
      ...(ssh.lan && keys.length > 0 ? ['ssh-lan.nft'] : []),
      ...(snowflake ? ['snowflake.nft'] : []),
    ],
  };
}
