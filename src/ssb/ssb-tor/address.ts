import { asOnionHost, type OnionHost } from '../../support/onion-host.js';

/** Where an onion peer listens. */
export interface OnionAddress {
  readonly name: 'onion';
  readonly host: OnionHost;
  /** 1 … 65535 */
  readonly port: number;
}

/**
 * @param text the transport's part of a multiserver address: `onion:<host>:<port>`
 * @returns the address, or null (multiserver's "not mine") when it is not of that form or the host
 *   is not a sound version 3 onion address: ssb-ref checks neither length nor checksum
 */
export function parseOnionAddress(text: string): OnionAddress | null {
  const match = /^onion:([^:]+):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const host = asOnionHost(match[1] ?? '');
  const port = Number(match[2]);
  if (host === undefined || port < 1 || port > 65535) return null;
  return { name: 'onion', host, port };
}

/** @returns the transport's part of a multiserver address */
export function formatOnionAddress(host: OnionHost, port: number): string {
  return `onion:${host}:${port}`;
}
