import { App } from '../app.js';
import type { Config } from '../config/config.js';
import { notifierOf, watchdogPeriod } from '../status/notify.js';
import { patienceOf, Watchdog } from '../status/watchdog.js';
import { inShort } from '../status/words.js';
import { createLog, type Log, withLevel } from '../support/log.js';
import { LogFile } from './log/file.js';
import type { Terminal } from './terminal.js';

/** How `snug start` was called. */
export interface RunOptions {
  readonly verbose: boolean;
  /** The journal reads our standard error (systemd sets $JOURNAL_STREAM). */
  readonly journal: boolean;
  /** Says whether systemd wants to be told, and how often. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The SSB packages print to the console, with the ids of peers; only `--verbose` shows that.
 */
function tameConsole(log: Log): void {
  const line = (...parts: unknown[]) => log.debug(parts.map(String).join(' '));
  Object.assign(console, { log: line, info: line, warn: line, error: line });
}

/** @returns what takes the lines of the log: the terminal, and the file if there is to be one */
function writer(file: string | undefined, terminal: Terminal): (line: string) => void {
  if (file === undefined) return terminal.err;
  const onTrouble = (why: string) => terminal.err(`warning: snug: the log file fails: ${why}`);
  const logFile = new LogFile({ file, now: Date.now, onTrouble });
  return (line) => {
    terminal.err(line);
    logFile.write(withLevel(line));
  };
}

/**
 * Runs the relay until the signal aborts.
 *
 * @param config checked configuration
 * @param signal aborts on SIGINT and SIGTERM
 * @throws SnugError of the room that could not start, or that ended by itself
 */
export async function runRelay(
  config: Config,
  options: RunOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const log = createLog({
    write: writer(config.log.file, terminal),
    journal: options.journal,
    verbose: options.verbose,
  });
  tameConsole(log.room('packages'));
  const app = new App({ config, log });
  const watchdog = watchdogOf(app, options.env, log);
  try {
    await app.start(signal);
    await watchdog?.start();
    await app.ready(signal);
    log.info(`ready: ${app.status().site}/invite/`);
    const failure = await Promise.race([aborted(signal), app.failed]);
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    watchdog?.stop();
    await app.stop();
    log.info('stopped');
  }
}

/**
 * Up, for systemd, is a relay whose every part runs and whose Tor may go on line; without a network
 * it may take days to be published, and starting it anew would not help.
 */
function watchdogOf(app: App, env: NodeJS.ProcessEnv, log: Log): Watchdog | undefined {
  const notify = notifierOf(env);
  if (notify === undefined) return undefined;
  const watched = {
    alive: () => app.alive(),
    inShort: () => inShort(app.status()),
    onChange: (listener: () => void) => app.onChange(listener),
  };
  return new Watchdog({ watched, notify, log, ...patienceOf(watchdogPeriod(env)) });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
