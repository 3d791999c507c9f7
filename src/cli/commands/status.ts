import type { Snapshot } from '../../status/snapshot.js';
import { inWords, lastingWords } from '../../status/words.js';
import { codeOf, hintOf, messageOf } from '../../support/errors.js';
import type { AddCommands, Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { printError } from '../terminal.js';
import { type Look, watch } from '../watch.js';

const STATUS_EXIT = { well: EXIT.ok, degraded: EXIT.degraded, down: EXIT.down } as const;
/** The relay does not answer: it is down, and may answer at the next look. */
const SILENT = new Set(['NOT_RUNNING', 'NOT_READY', 'CONTROL_BROKEN']);
const WATCH_EVERY_MS = 3000;
const WATCH_HINT = '(looks again every 3 seconds; Ctrl-C ends it)';

interface StatusOptions {
  readonly json: boolean;
  readonly watch: boolean;
}

async function ask(cli: Cli): Promise<Snapshot> {
  try {
    const snapshot = (await cli.ask('status')) as Snapshot;
    cli.exitWith(STATUS_EXIT[snapshot.health]);
    return snapshot;
  } catch (error) {
    if (isSilent(error)) cli.exitWith(EXIT.down);
    throw error;
  }
}

function isSilent(error: unknown): boolean {
  return SILENT.has(codeOf(error) ?? '');
}

function linesOf(snapshot: Snapshot, json: boolean): string[] {
  return json ? [JSON.stringify(snapshot)] : inWords(snapshot);
}

/** Who watches waits for a relay that does not answer yet. */
async function lookOnce(cli: Cli, { json }: StatusOptions): Promise<Look> {
  try {
    const snapshot = await ask(cli);
    const lines = linesOf(snapshot, json);
    const more = cli.terminal.screen === undefined || json ? [] : ['', WATCH_HINT];
    return { lines: [...lines, ...more], gist: lastingWords(snapshot) };
  } catch (error) {
    if (!isSilent(error)) throw error;
    const words = [messageOf(error), hintOf(error) ?? ''].join(' ').trim();
    const line = json ? JSON.stringify({ health: 'down', error: messageOf(error) }) : words;
    return { lines: [line], gist: line };
  }
}

async function watchStatus(cli: Cli, options: StatusOptions): Promise<void> {
  // Until the first look is done.
  cli.exitWith(EXIT.down);
  await watch(cli.terminal, () => lookOnce(cli, options), WATCH_EVERY_MS, cli.signal);
}

async function printStatus(cli: Cli, { json }: StatusOptions): Promise<void> {
  try {
    linesOf(await ask(cli), json).forEach(cli.terminal.out);
  } catch (error) {
    if (!isSilent(error)) throw error;
    printError(cli.terminal, error);
  }
}

/** `snug status` and `snug metrics` */
export const addStatus: AddCommands = (root, cli) => {
  root
    .command('status')
    .description('how the relay is, and what to do')
    .option('--json', 'for scripts', false)
    .option('--watch', 'look again every few seconds, until Ctrl-C', false)
    .action((options: StatusOptions) =>
      options.watch ? watchStatus(cli, options) : printStatus(cli, options),
    );
  root
    .command('metrics')
    .description('the same as numbers, in the text format of Prometheus')
    .action(async () => cli.terminal.out(String(await cli.ask('metrics')).trimEnd()));
};
