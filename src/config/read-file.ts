import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf, messageOf } from '../support/errors.js';
import { type ConfigError, fileError } from './problems.js';

/** Where to look for the configuration. */
export interface ConfigSource {
  /** The file named on the command line, if any; relative to the working directory. */
  readonly file?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** The text of the configuration and where it came from. */
export interface ConfigText {
  /** Absolute; undefined when there is no file. */
  readonly file: string | undefined;
  readonly text: string;
}

const SYSTEM_FILE = '/etc/snug/snug.toml';
const MOST_BYTES = 64 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder; name the file in it',
};

/** @returns the first bytes of the file, one more than allowed at most */
function readBounded(file: string): Buffer {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** Windows' editors may put a byte order mark in front, which the decoder takes off. */
function decode(file: string, bytes: Buffer): string {
  if (bytes.length > MOST_BYTES) throw fileError(file, 'it has more than 64 KiB; shorten it');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fileError(file, 'it is not UTF-8 text; save it again as UTF-8', { cause });
  }
}

/** @returns the path to read and, when a person named it, where they did */
function chosen(source: ConfigSource, systemFile: string): { path: string; namedBy?: string } {
  if (source.file !== undefined) return { path: source.file, namedBy: '--config' };
  const fromEnv = source.env.SNUG_CONFIG || undefined;
  return fromEnv === undefined ? { path: systemFile } : { path: fromEnv, namedBy: '$SNUG_CONFIG' };
}

function unreadable(file: string, namedBy: string | undefined, cause: unknown): ConfigError {
  const reason = REASONS[codeOf(cause) ?? ''] ?? messageOf(cause);
  const origin = namedBy === undefined ? '' : ` (named by ${namedBy})`;
  return fileError(file, `${reason}${origin}`, { cause });
}

/**
 * Reads the file named on the command line, else the one in `$SNUG_CONFIG`, else the system's if
 * there is one. A file that somebody named must be there: a slip in its name would otherwise
 * start a relay with other settings.
 *
 * @param source where to look
 * @param systemFile the last resort; another one only in tests
 * @returns the text without byte order mark, '' when there is no file
 * @throws ConfigError when the file cannot be read, is too large or is not UTF-8
 */
export function readConfigFile(source: ConfigSource, systemFile = SYSTEM_FILE): ConfigText {
  const { path, namedBy } = chosen(source, systemFile);
  const file = resolve(path);
  let bytes: Buffer;
  try {
    bytes = readBounded(file);
  } catch (error) {
    const none = namedBy === undefined && codeOf(error) === 'ENOENT';
    if (none) return { file: undefined, text: '' };
    throw unreadable(file, namedBy, error);
  }
  return { file, text: decode(file, bytes) };
}
