import { renderCaddyfile } from './caddyfile.js';
import { fillTemplate, plain } from './fill.js';
import { type ClearnetPlan, PROXY_USER, RELAY_UNIT, RELAY_USER } from './plan.js';

/** One file to be written; none holds a secret. */
export interface GeneratedFile {
  /** Below the root of a file system, without a slash in front. */
  readonly path: string;
  readonly text: string;
}

const UNITS = 'etc/systemd/system';
const CADDYFILE = `etc/${PROXY_USER}/Caddyfile`;
/** The path of each file, by its template. */
const PATHS = {
  Caddyfile: CADDYFILE,
  'snug-clearnet.service': `${UNITS}/snug-clearnet.service`,
  'snug-clearnet-ssb.socket': `${UNITS}/snug-clearnet-ssb.socket`,
  'snug-clearnet-ssb.service': `${UNITS}/snug-clearnet-ssb.service`,
  'relay.conf': `${UNITS}/${RELAY_UNIT}.d/clearnet.conf`,
  'sysusers.conf': `etc/sysusers.d/${PROXY_USER}.conf`,
  'tmpfiles.conf': `etc/tmpfiles.d/${PROXY_USER}.conf`,
} as const;

type Template = keyof typeof PATHS;

/** Every file that any plan can ask for: what a plan does not ask for is old and goes. */
export const ALL_PATHS: readonly string[] = Object.values(PATHS);
/** Begins each of them, so that no other file is taken for one. */
export const HEADING = '# Made by "snug clearnet render" from Snug\'s configuration.';

function credentialLines({ tls }: ClearnetPlan): string {
  if (tls.kind !== 'files') return '';
  return [
    `LoadCredential=certificate:${plain('path of the certificate', tls.certificate)}`,
    `LoadCredential=key:${plain('path of its key', tls.key)}`,
  ].join('\n');
}

function valuesOf(plan: ClearnetPlan): Readonly<Record<string, string>> {
  const { sockets, ports } = plan;
  return {
    domain: plain('domain', plan.domain),
    user: PROXY_USER,
    relayUser: RELAY_USER,
    relayUnit: RELAY_UNIT,
    caddyfile: `/${CADDYFILE}`,
    storage: plain('folder for certificates', plan.storage),
    credentials: credentialLines(plan),
    http: plain('port', ports.http),
    https: plain('port', ports.https),
    hidden: plan.hidden.map((path) => `InaccessiblePaths=-${plain('folder', path)}`).join('\n'),
    folder: plain('folder of the sockets', sockets.folder),
    ssbPort: plain('port', plan.ssbPort),
    ssbSocket: plain('socket of SSB', sockets.ssb ?? ''),
    connections: plain('number of connections', plan.connections),
  };
}

/**
 * @param plan what the configuration asks for
 * @returns the proxy's configuration, its units and user, and the folder of the sockets
 * @throws SnugError CLEARNET_BAD_VALUE
 */
export function generatedFiles(plan: ClearnetPlan): GeneratedFile[] {
  const withSsb = plan.sockets.ssb !== undefined;
  const names = (Object.keys(PATHS) as Template[]).filter(
    (name) => withSsb || !name.startsWith('snug-clearnet-ssb.'),
  );
  const values = valuesOf(plan);
  return names.map((name) => ({
    path: PATHS[name],
    text: name === 'Caddyfile' ? renderCaddyfile(plan) : fillTemplate(name, values),
  }));
}
