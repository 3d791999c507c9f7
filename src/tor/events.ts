import { asOnionHost, type OnionHost } from '../support/onion-host.js';

/** How far Tor got on its way into the network. */
export interface BootstrapEvent {
  readonly kind: 'bootstrap';
  /** Percent. */
  readonly progress: number;
  readonly summary: string;
  /** In Tor's words; only when Tor itself advises to tell the user. */
  readonly warning?: string;
}

/** Uploads of onion service descriptors; a directory is named by its fingerprint. */
export interface DescriptorEvent {
  readonly kind: 'descriptor';
  readonly step: 'upload' | 'uploaded' | 'failed';
  readonly host: OnionHost;
  readonly directory: string;
  /** Only with `upload`. */
  readonly id?: string;
}

/** What this room wants to know about a running Tor. */
export type TorEvent =
  | BootstrapEvent
  | DescriptorEvent
  /** Seconds that our clock is ahead of the network's; negative when it is behind. */
  | { readonly kind: 'clock-skew'; readonly seconds: number }
  | { readonly kind: 'clock-jumped' }
  | { readonly kind: 'network'; readonly up: boolean }
  | { readonly kind: 'circuits'; readonly up: boolean }
  | { readonly kind: 'network-disabled'; readonly disabled: boolean };

/** control-spec, "Asynchronous events": the names of those that carry the above. */
export const EVENT_NAMES = [
  'STATUS_CLIENT',
  'STATUS_GENERAL',
  'NETWORK_LIVENESS',
  'HS_DESC',
  'CONF_CHANGED',
] as const;

const LONGEST_TEXT = 200;

/** @returns the `KEY=value` and `KEY="value"` parts of a line */
function argumentsOf(line: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of line.matchAll(/(?:^| )([A-Z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^ "]*))/g)) {
    const [, key = '', quoted, plain = ''] = match;
    found.set(key, (quoted?.replace(/\\(.)/g, '$1') ?? plain).slice(0, LONGEST_TEXT));
  }
  return found;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/**
 * @param line such as `NOTICE BOOTSTRAP PROGRESS=0 TAG=starting SUMMARY="Starting"`, from the event
 *   or from `GETINFO status/bootstrap-phase`
 */
export function parseBootstrap(line: string): BootstrapEvent | undefined {
  const values = argumentsOf(line);
  const progress = wholeNumber(values.get('PROGRESS'));
  if (progress === undefined || progress < 0 || progress > 100) return undefined;
  const event = { kind: 'bootstrap', progress, summary: values.get('SUMMARY') ?? '' } as const;
  const warning = values.get('RECOMMENDATION') === 'warn' ? values.get('WARNING') : undefined;
  return warning === undefined ? event : { ...event, warning };
}

function parseStatus(line: string): TorEvent | undefined {
  const [severity, action = ''] = line.split(' ', 2);
  switch (action) {
    case 'BOOTSTRAP':
      return parseBootstrap(line);
    case 'CLOCK_SKEW': {
      // As a mere notice it is the word of any relay; as a warning, of a trusted source.
      if (severity !== 'WARN') return undefined;
      const seconds = wholeNumber(argumentsOf(line).get('SKEW'));
      return seconds === undefined ? undefined : { kind: 'clock-skew', seconds };
    }
    case 'CLOCK_JUMPED':
      return { kind: 'clock-jumped' };
    case 'CIRCUIT_ESTABLISHED':
    case 'CIRCUIT_NOT_ESTABLISHED':
      return { kind: 'circuits', up: action === 'CIRCUIT_ESTABLISHED' };
    default:
      return undefined;
  }
}

/**
 * A service's own uploads have the authentication type UNKNOWN, and only UPLOAD names the
 * descriptor; lookups that our Tor makes as a client have another type (seen with 0.4.9.11).
 */
function parseDescriptor(line: string): TorEvent | undefined {
  const [step, address = '', type, directory = '', id] = line.split(' ');
  const host = asOnionHost(`${address}.onion`);
  if (host === undefined || type !== 'UNKNOWN' || !/^\$[0-9A-F]{40}/.test(directory))
    return undefined;
  const event = { kind: 'descriptor', host, directory: directory.slice(1, 41) } as const;
  if (step === 'UPLOADED') return { ...event, step: 'uploaded' };
  if (step === 'FAILED') return { ...event, step: 'failed' };
  const sound = step === 'UPLOAD' && id !== undefined && /^[A-Za-z0-9+/=]{1,64}$/.test(id);
  return sound ? { ...event, step: 'upload', id } : undefined;
}

/**
 * @param name of the event
 * @param lines its text, the first line without the name
 * @returns what it means, or undefined when it means nothing to us or is malformed; never throws
 */
export function parseEvent(name: string, lines: readonly string[]): TorEvent | undefined {
  const line = lines[0] ?? '';
  switch (name) {
    case 'STATUS_CLIENT':
    case 'STATUS_GENERAL':
      return parseStatus(line);
    case 'HS_DESC':
      return parseDescriptor(line);
    case 'NETWORK_LIVENESS':
      return /^(UP|DOWN)$/.test(line) ? { kind: 'network', up: line === 'UP' } : undefined;
    case 'CONF_CHANGED': {
      const change = lines.find((text) => /^DisableNetwork=[01]$/.test(text));
      if (change === undefined) return undefined;
      return { kind: 'network-disabled', disabled: change.endsWith('1') };
    }
    default:
      return undefined;
  }
}
