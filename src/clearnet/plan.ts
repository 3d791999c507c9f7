import { join } from 'node:path';
import { SnugError } from '../support/errors.js';

/** Where the proxy's certificate comes from; `internal` is its own authority, for trying things out. */
export type ProxyTls =
  | { readonly kind: 'acme'; readonly email: string | undefined }
  | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
  | { readonly kind: 'internal' };

/** What this room needs of the configuration. */
export interface ClearnetSettings {
  readonly clearnet:
    | {
        readonly domain: string;
        readonly ssb: 'onion' | 'domain';
        readonly tls: ProxyTls;
        readonly run: string;
      }
    | undefined;
  readonly paths: { readonly state: string; readonly run: string };
  readonly invites: { readonly port: number };
  readonly limits: { readonly connections: number };
}

/** The sockets of the relay that are the proxy's. All paths are absolute. */
export interface ClearnetSockets {
  /** The one folder that the proxy's user may enter. */
  readonly folder: string;
  readonly site: string;
  /** Undefined unless SSB is offered at the domain. */
  readonly ssb: string | undefined;
}

/** All that the proxy's files say. */
export interface ClearnetPlan {
  readonly domain: string;
  readonly tls: ProxyTls;
  readonly sockets: ClearnetSockets;
  /** Where SSB is offered, and to how many at a time. */
  readonly ssbPort: number;
  readonly connections: number;
  readonly ports: { readonly http: number; readonly https: number };
  /** An address of this machine to listen on; undefined: all. */
  readonly bind: string | undefined;
  /** Where the proxy keeps its certificates. */
  readonly storage: string;
  /** Folders that the proxy may not see. */
  readonly hidden: readonly string[];
}

/** The user, the group and the folder of the proxy; the relay's user and unit (systemd/). */
export const PROXY_USER = 'snug-clearnet';
export const RELAY_USER = 'snug';
export const RELAY_UNIT = 'snug.service';

/** @returns the sockets in the folder that the configuration names */
export function clearnetSockets(clearnet: {
  readonly ssb: 'onion' | 'domain';
  readonly run: string;
}): ClearnetSockets {
  const { run: folder, ssb } = clearnet;
  const path = join(folder, 'ssb.sock');
  return { folder, site: join(folder, 'site.sock'), ssb: ssb === 'domain' ? path : undefined };
}

/**
 * @param settings the configuration
 * @param changes other ports, address and storage, for the demo and tests
 * @returns what is to be generated, undefined while the profile is off
 */
export function planOf(
  settings: ClearnetSettings,
  changes: Partial<Pick<ClearnetPlan, 'ports' | 'bind' | 'storage'>> = {},
): ClearnetPlan | undefined {
  const { clearnet, paths, invites, limits } = settings;
  if (clearnet === undefined) return undefined;
  return {
    domain: clearnet.domain,
    tls: clearnet.tls,
    sockets: clearnetSockets(clearnet),
    ssbPort: invites.port,
    connections: limits.connections,
    ports: { http: 80, https: 443 },
    bind: undefined,
    storage: `/var/lib/${PROXY_USER}`,
    hidden: [paths.state, paths.run],
    ...changes,
  };
}

/** @returns the page's URL; the port shows only where it is not HTTPS's own */
export function originOf({ domain, ports }: Pick<ClearnetPlan, 'domain' | 'ports'>): string {
  return ports.https === 443 ? `https://${domain}` : `https://${domain}:${ports.https}`;
}

/** @returns what to throw when something is asked of a profile that is off */
export function clearnetIsOff(): SnugError {
  return new SnugError('CLEARNET_OFF', 'The clearnet profile is off: no domain is set.', {
    hint: 'Set domain in [clearnet] of the configuration, if everybody may know where the board is.',
  });
}
