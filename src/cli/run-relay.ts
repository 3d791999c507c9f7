import { App } from '../app.js';
import type { Config } from '../config/config.js';
import { createLog, type Log } from '../support/log.js';
import type { Terminal } from './terminal.js';

/** How `snug start` was called. */
export interface RunOptions {
  readonly verbose: boolean;
  /** The journal reads our standard error (systemd sets $JOURNAL_STREAM). */
  readonly journal: boolean;
}

/**
 * The SSB packages print to the console, with the ids of peers; only `--verbose` shows that.
 */
function tameConsole(log: Log): void {
  const line = (...parts: unknown[]) => log.debug(parts.map(String).join(' '));
  Object.assign(console, { log: line, info: line, warn: line, error: line });
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
    write: terminal.err,
    journal: options.journal,
    verbose: options.verbose,
  });
  tameConsole(log.room('packages'));
  const app = new App({ config, log });
  try {
    await app.start(signal);
    await app.ready(signal);
    log.info(`ready: ${app.status().site}/invite/`);
    const failure = await Promise.race([aborted(signal), app.failed]);
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await app.stop();
    log.info('stopped');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
