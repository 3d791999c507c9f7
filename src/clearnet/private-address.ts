import { BlockList, isIPv4 } from 'node:net';

/** Addresses that lead nowhere from outside (IANA special-purpose address registries). */
const RANGES = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const;

/**
 * @param address a sound IP address
 * @returns whether it only means something inside somebody's own network
 */
export function isPrivateAddress(address: string): boolean {
  const list = new BlockList();
  for (const [net, prefix, family] of RANGES) list.addSubnet(net, prefix, family);
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
