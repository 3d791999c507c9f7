import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import type { Terminal } from './terminal.js';

/** What every command may use. */
export interface Cli {
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /**
   * @param usual variables for what the environment does not set
   * @returns the checked configuration that `--config` or $SNUG_CONFIG names, else the usual one
   * @throws SnugError CONFIG_INVALID
   */
  config(usual?: NodeJS.ProcessEnv): Config;
  /**
   * The configuration of the relay that `ask` speaks to, for commands that also look at its files.
   * @throws SnugError CONFIG_NOT_NAMED when only its socket is named; CONFIG_INVALID
   */
  relayConfig(): Config;
  /**
   * Asks the running relay; its socket is named by `--control`, or that of the configuration.
   * @throws SnugError NOT_RUNNING, NOT_ALLOWED, or what the relay answers; the reason of `signal`
   */
  ask(method: string, params?: unknown): Promise<unknown>;
  /** What the process ends with when nothing is thrown. */
  exitWith(code: number): void;
}

/** Adds one command, or a few that belong together, to the root. */
export type AddCommands = (root: Command, cli: Cli) => void;
