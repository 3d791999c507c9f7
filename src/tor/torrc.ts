import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, SnugError } from '../support/errors.js';
import { bridgeLines } from './bridges.js';

/** One port of the onion service and the unix socket behind it. */
export interface OnionPort {
  readonly virtualPort: number;
  readonly socket: string;
}

/** What the template's placeholders stand for. All paths are absolute. */
export interface TorrcValues {
  readonly data: string;
  readonly onion: string;
  readonly control: string;
  readonly cookie: string;
  readonly socks: string;
  readonly services: readonly OnionPort[];
  /** Streams that one visitor may hold open at a time. */
  readonly streams: number;
  /** Process id without which Tor ends; undefined when Tor runs as another user, in our group. */
  readonly owner: number | undefined;
  /** An onion service for ssh, and the unix socket behind it. */
  readonly ssh: { readonly folder: string; readonly socket: string } | undefined;
  /** Lines as after the word `Bridge`. */
  readonly bridges: readonly string[];
  /** Lines that come last, word for word. */
  readonly include: string;
}

/** This file runs as <root>/dist/src/tor/torrc.js. */
const TEMPLATE = fileURLToPath(new URL('../../../torrc/snug.torrc', import.meta.url));
/** unix(7): sun_path has 108 bytes, one of them for the end. */
const LONGEST_SOCKET_PATH = 107;
const LARGEST_INCLUDE = 65_536;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they would start a line of their own
const FORBIDDEN = /[\u0000-\u001f\u007f#]/;

/** tor(1), "THE CONFIGURATION FILE FORMAT": C-style quotes; `#` could still start a comment. */
function quotePath(name: string, path: string): string {
  if (!isAbsolute(path) || FORBIDDEN.test(path)) {
    throw new SnugError('TORRC_BAD_PATH', `Tor cannot be given this ${name}: "${path}".`, {
      hint: 'Use a full path without line breaks, other control characters and #.',
    });
  }
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}

function quoteSocket(name: string, path: string): string {
  const quoted = quotePath(name, path);
  const length = Buffer.byteLength(path);
  if (length <= LONGEST_SOCKET_PATH) return quoted;
  throw new SnugError(
    'TORRC_BAD_PATH',
    `The ${name} "${path}" has ${length} bytes; a socket's path may have ${LONGEST_SOCKET_PATH}.`,
    { hint: 'Choose a folder with a shorter path for the sockets.' },
  );
}

function number(name: string, value: number, most: number): string {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return String(value);
  throw new SnugError('TORRC_BAD_NUMBER', `${name} must be from 1 to ${most}, not ${value}.`);
}

function servicePorts(services: readonly OnionPort[]): string {
  const ports = new Set(services.map((service) => service.virtualPort));
  if (services.length === 0 || ports.size !== services.length) {
    throw new SnugError('TORRC_BAD_NUMBER', 'The onion service needs ports, each of them once.');
  }
  const line = ({ virtualPort, socket }: OnionPort) =>
    `HiddenServicePort ${number('an onion port', virtualPort, 65535)} ` +
    `unix:${quoteSocket(`socket of port ${virtualPort}`, socket)}`;
  return services.map(line).join('\n');
}

/** SSH's port, for the operator's habits. */
function sshService(ssh: TorrcValues['ssh']): string {
  if (ssh === undefined) return '# There is none.';
  const folder = quotePath('folder of the ssh onion', ssh.folder);
  const socket = quoteSocket('socket of ssh', ssh.socket);
  const lines = ['HiddenServiceVersion 3', `HiddenServicePort 22 unix:${socket}`];
  return [`HiddenServiceDir ${folder}`, ...lines].join('\n');
}

/**
 * @param template text with names in double braces
 * @param values what they stand for
 * @returns the torrc
 * @throws SnugError TORRC_BAD_PATH, TORRC_BAD_NUMBER, TORRC_BAD_TEMPLATE
 */
export function fillTorrc(template: string, values: TorrcValues): string {
  const { owner } = values;
  // tor(1): the connection of the owner, TAKEOWNERSHIP, works across users; its process id does not.
  const shared = owner === undefined;
  const access = shared ? ' GroupWritable' : '';
  const texts = new Map([
    ['data', quotePath('data folder', values.data)],
    ['onion', quotePath('folder of the onion service', values.onion)],
    ['control', quoteSocket('control socket', values.control) + access],
    ['cookie', quotePath('cookie file', values.cookie)],
    ['socks', quoteSocket('SOCKS socket', values.socks) + access],
    ['services', servicePorts(values.services)],
    ['streams', number('streams per circuit', values.streams, 65535)],
    ['shared', shared ? '1' : '0'],
    ['owner', shared ? '' : `__OwningControllerProcess ${number('the owner', owner, 2 ** 31)}`],
    ['bridges', bridgeLines(values.bridges)],
    ['ssh', sshService(values.ssh)],
  ]);
  const unused = new Set(texts.keys());
  const filled = template.replace(/\{\{([^{}]*)\}\}/g, (_, name: string) => {
    unused.delete(name);
    const text = texts.get(name);
    if (text !== undefined) return text;
    throw new SnugError('TORRC_BAD_TEMPLATE', `The torrc template asks for unknown {{${name}}}.`);
  });
  if (unused.size > 0) {
    const names = [...unused].join(', ');
    throw new SnugError('TORRC_BAD_TEMPLATE', `The torrc template lost its {{${names}}}.`);
  }
  return values.include === '' ? filled : `${filled}\n# --- Included.\n${values.include}\n`;
}

/**
 * @param path a file of the operator's with torrc lines, or undefined for none
 * @returns its text with plain line ends
 * @throws SnugError TORRC_BAD_INCLUDE
 */
export async function readInclude(path: string | undefined): Promise<string> {
  if (path === undefined) return '';
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > LARGEST_INCLUDE)
      throw new Error(`it is larger than ${LARGEST_INCLUDE} bytes`);
    if (text.includes('\0')) throw new Error('it is no text');
    return text.replace(/\r\n?/g, '\n');
  } catch (cause) {
    const why = messageOf(cause);
    throw new SnugError('TORRC_BAD_INCLUDE', `Tor's extra lines in "${path}" are no use: ${why}.`, {
      hint: 'Correct the path in the configuration, or remove it.',
      cause,
    });
  }
}

/**
 * @param values what the placeholders of torrc/snug.torrc stand for
 * @returns the torrc
 * @throws SnugError as {@link fillTorrc}
 */
export async function renderTorrc(values: TorrcValues): Promise<string> {
  return fillTorrc(await readFile(TEMPLATE, 'utf8'), values);
}
