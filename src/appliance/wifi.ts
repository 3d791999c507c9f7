import type { Wifi } from './card.js';

/**
 * @param wifi the network to join
 * @returns a wpa_supplicant.conf. The name is written in hex, so that no letter of it can end the
 *   line; a passphrase stands in quotes, of which the last one counts (wpa_supplicant, config.c).
 */
export function wpaConfig({ ssid, password, country, hidden }: Wifi): string {
  const raw = /^[0-9a-f]{64}$/i.test(password ?? '');
  const secret = raw ? password : `"${password}"`;
  const keys = ['key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE', 'ieee80211w=1', `psk=${secret}`];
  return [
    '# Written at each start from snug.toml or rpi-preseed.toml.',
    `country=${country}`,
    'update_config=0',
    'network={',
    `\tssid=${Buffer.from(ssid).toString('hex')}`,
    ...(hidden ? ['\tscan_ssid=1'] : []),
    ...(password === undefined ? ['\tkey_mgmt=NONE'] : keys.map((line) => `\t${line}`)),
    '}',
    '',
  ].join('\n');
}
