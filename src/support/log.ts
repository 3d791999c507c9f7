/** How grave a line is; the names are syslog's. */
export type Level = 'error' | 'warning' | 'info' | 'debug';

/** Where a room reports what happened. Never pass codes, cookies, keys or query strings. */
export interface Log {
  error(message: string): void;
  warning(message: string): void;
  info(message: string): void;
  debug(message: string): void;
  /** @returns a log whose lines carry the room's name */
  room(name: string): Log;
}

/** sd-daemon(3): a line that starts with `<N>` gets syslog priority N in the journal. */
const PRIORITY: Record<Level, number> = { error: 3, warning: 4, info: 6, debug: 7 };
const LONGEST_LINE = 2000;

/** syslog has eight priorities; those that Snug does not use itself are other programs'. */
const NAMES = ['error', 'error', 'error', 'error', 'warning', 'info', 'info', 'debug'] as const;

/**
 * @param priority of syslog, 0 to 7
 * @returns its name as our lines have it
 */
export function levelOf(priority: number): Level {
  return NAMES[priority] ?? 'info';
}

/**
 * @param line as it is written for the journal or for people
 * @returns the line with its level's name in front
 */
export function withLevel(line: string): string {
  return line.replace(/^<([0-7])>/, (_, priority: string) => `${levelOf(Number(priority))}: `);
}

/** Control characters would let a peer's text forge lines or paint the terminal. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, LONGEST_LINE);
}

/** Options of {@link createLog}. */
export interface LogOptions {
  /** Receives each finished line, with no line end. */
  readonly write: (line: string) => void;
  /** Put syslog priorities in front (for the journal) instead of the level's name. */
  readonly journal: boolean;
  /** Also write lines of level `debug`. */
  readonly verbose: boolean;
}

/**
 * @param options where lines go and how they look
 * @returns a log whose every call writes one bounded line without control characters
 */
export function createLog(options: LogOptions, roomName = 'snug'): Log {
  const line = (level: Level) => (message: string) => {
    if (level === 'debug' && !options.verbose) return;
    const head = options.journal ? `<${PRIORITY[level]}>` : `${level}: `;
    options.write(`${head}${roomName}: ${oneLine(message)}`);
  };
  return {
    error: line('error'),
    warning: line('warning'),
    info: line('info'),
    debug: line('debug'),
    room: (name) => createLog(options, name),
  };
}
