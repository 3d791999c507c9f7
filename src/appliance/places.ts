import { join } from 'node:path';

/** Where things lie on a card; tests have a folder in place of `/`. */
export interface Places {
  /** The FAT partition, which any computer can read and write. */
  readonly fat: string;
  /** The relay's configuration. */
  readonly config: string;
  readonly authorizedKeys: string;
  readonly wifi: string;
  readonly network: string;
  readonly hostname: string;
  /** Of the mail account; systemd hands it to the relay (systemd/snug.service). */
  readonly mailPassword: string;
  /** Firewall rules in force beyond the fixed ones, and those there are to choose from. */
  readonly firewall: string;
  readonly firewallRules: string;
  /** What was taken off the FAT partition, for root alone. */
  readonly kept: string;
}

/**
 * @param root `/` on a card
 * @returns the places below it
 */
export function placesBelow(root: string): Places {
  return {
    fat: join(root, 'boot/firmware'),
    config: join(root, 'etc/snug/snug.toml'),
    authorizedKeys: join(root, 'etc/snug/ssh/authorized_keys'),
    wifi: join(root, 'etc/wpa_supplicant/wpa_supplicant-wlan0.conf'),
    network: join(root, 'etc/systemd/network/10-card.network'),
    hostname: join(root, 'etc/hostname'),
    mailPassword: join(root, 'etc/credstore/snug.mail-password'),
    firewall: join(root, 'etc/snug/firewall.d'),
    firewallRules: join(root, 'usr/lib/snug/firewall.d'),
    kept: join(root, 'var/lib/snug-card'),
  };
}
