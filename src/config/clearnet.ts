import { dirname, resolve } from 'node:path';
import type * as v from 'valibot';
import type { ClearnetConfig } from './config.js';
import type { Finding } from './problems.js';
import { DOMAIN, EMAIL, isTable, oneOf, PATH, type Table } from './values.js';

/** The keys of `[clearnet]`. Without a domain, none of them does anything. */
export const CLEARNET = {
  domain: DOMAIN,
  ssb: oneOf(['onion', 'domain']),
  tls: oneOf(['acme', 'files', 'internal']),
  certificate: PATH,
  key: PATH,
  email: EMAIL,
  run: PATH,
};

/** The section as it was checked, keys as written in the file. */
export type ClearnetSettings = v.InferOutput<v.StrictObjectSchema<typeof CLEARNET, undefined>>;

/** The proxy has this port for the site (specification: public domains, HTTPS and port 443). */
const HTTPS_PORT = 443;
const WITH_FILES = 'a path, because tls is "files"';
const WITHOUT_FILES = 'nothing, unless tls is "files"';
const OTHER_PORT = `another port than ${HTTPS_PORT}, which the proxy needs for the site, because ssb in [clearnet] is "domain"`;

/** @returns the tables that the rules below look at; what is no table is the schema's business */
function tablesOf(document: Table): { clearnet: Table; invites: Table } {
  const table = (value: unknown) => (isTable(value) ? value : {});
  return { clearnet: table(document.clearnet), invites: table(document.invites) };
}

/** @returns whether a value was written there; "" says the same as no line at all */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== '';
}

/**
 * @param document a parsed TOML file
 * @returns a finding for each rule between keys that `[clearnet]` breaks; none while it is off
 */
export function clearnetFindings(document: Table): Finding[] {
  const { clearnet, invites } = tablesOf(document);
  if (!isSet(clearnet.domain)) return [];
  const findings: Finding[] = [];
  const files = clearnet.tls === 'files';
  for (const key of ['certificate', 'key']) {
    const value = clearnet[key] ?? '';
    if (files === isSet(value)) continue;
    const allowed = files ? WITH_FILES : WITHOUT_FILES;
    findings.push({ key: `clearnet.${key}`, value, allowed });
  }
  if (clearnet.ssb === 'domain' && invites.port === HTTPS_PORT) {
    findings.push({ key: 'invites.port', value: invites.port, allowed: OTHER_PORT });
  }
  return findings;
}

/** Where relative paths of the file start, and the folder of the relay's own sockets. */
interface Places {
  readonly file: string | undefined;
  readonly run: string;
}

/**
 * @param given `run` of `[clearnet]`, as written
 * @returns the folder of the sockets that the proxy connects to: beside the relay's own, which
 *   nobody else may enter
 */
export function clearnetRun(given: string, { file, run }: Places): string {
  return given === '' ? `${run}-clearnet` : resolve(dirname(file ?? ''), given);
}

/**
 * @param settings the checked section
 * @returns the profile, or undefined while it is off
 */
export function toClearnet(settings: ClearnetSettings, places: Places): ClearnetConfig | undefined {
  if (settings.domain === '') return undefined;
  return {
    domain: settings.domain.toLowerCase(),
    ssb: settings.ssb,
    tls: Object.freeze(toTls(settings, places.file)),
    run: clearnetRun(settings.run, places),
  };
}

function toTls(settings: ClearnetSettings, file: string | undefined): ClearnetConfig['tls'] {
  const { tls: kind, certificate, key, email } = settings;
  const path = (text: string) => resolve(dirname(file ?? ''), text);
  if (kind === 'files') return { kind, certificate: path(certificate), key: path(key) };
  return kind === 'acme' ? { kind, email: email || undefined } : { kind };
}
