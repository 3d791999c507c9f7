import type { Config } from '../config/config.js';

/**
 * @param network a fixed address
 * @returns a systemd.network file for the cable or, where there is none, Wi-Fi; as quiet as the
 *   card's 80-lan.network, whose place it takes
 */
export function networkFile(network: NonNullable<Config['card']['network']>): string {
  const { address, gateway } = network;
  return [
    '# Written at each start from [network] in snug.toml.',
    '[Match]',
    'Name=eth* en* wlan*',
    '',
    '[Link]',
    'RequiredForOnline=no',
    '',
    '[Network]',
    `Address=${address}`,
    ...(gateway === undefined ? [] : [`Gateway=${gateway}`]),
    'DHCP=no',
    'IPv6AcceptRA=yes',
    'LLMNR=no',
    'MulticastDNS=no',
    'LLDP=no',
    'EmitLLDP=no',
    'IPv6PrivacyExtensions=yes',
    '',
    '[IPv6AcceptRA]',
    'UseDNS=no',
    'UseDomains=no',
    'DHCPv6Client=no',
    '',
  ].join('\n');
}
