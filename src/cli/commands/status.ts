import type { Snapshot } from '../../status/snapshot.js';
import { inWords, lastingWords } from '../../status/words.js';
import { codeOf, hintOf, messageOf } from '../../support/errors.js';
import type { AddCommands, Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { type Look, watch } from '../watch.js';

const STATUS_EXIT = { well: EXIT.ok, degraded: EXIT.degraded, down: EXIT.down } as const;
const PASSING = new Set(['NOT_RUNNING', 'NOT_READY', 'CONTROL_BROKEN']);
const WATCH_EVERY_MS = 3000;
const WATCH_HINT = '(looks again every 3 seconds; Ctrl-C ends it)';

interface StatusOptions {
  readonly json: boolean;
  readonly watch: boolean;
}

async function ask(cli: Cli): Promise<Snapshot> {
  cli.exitWith(EXIT.down);
  const snapshot = (await cli.ask('status')) as Snapshot;
  cli.exitWith(STATUS_EXIT[snapshot.health]);
  return snapshot;
}

function linesOf(snapshot: Snapshot, json: boolean): string[] {
  return json ? [JSON.stringify(snapshot)] : inWords(snapshot);
}

/** A relay that does not answer may do so at the next look: who watches waits for just that. */
async function lookOnce(cli: Cli, { json }: StatusOptions): Promise<Look> {
  try {
    const snapshot = await ask(cli);
    const lines = linesOf(snapshot, json);
    const more = cli.terminal.screen === undefined || json ? [] : ['', WATCH_HINT];
    return { lines: [...lines, ...more], gist: lastingWords(snapshot) };
  } catch (error) {
    if (!PASSING.has(codeOf(error) ?? '')) throw error;
    const words = [messageOf(error), hintOf(error) ?? ''].join(' ').trim();
    const line = json ? JSON.stringify({ health: 'down', error: messageOf(error) }) : words;
    return { lines: [line], gist: line };
  }
}

/** `snug status` and `snug metrics` */
export const addStatus: AddCommands = (root, cli) => {
  root
    .command('status')
    .description('how the relay is, and what to do')
    .option('--json', 'for scripts', false)
    .option('--watch', 'look again every few seconds, until Ctrl-C', false)
    .action(async (options: StatusOptions) => {
      if (options.watch) {
        await watch(cli.terminal, () => lookOnce(cli, options), WATCH_EVERY_MS, cli.signal);
        return;
      }
      linesOf(await ask(cli), options.json).forEach(cli.terminal.out);
    });
  root
    .command('metrics')
    .description('the same as numbers, in the text format of Prometheus')
    .action(async () => cli.terminal.out(String(await cli.ask('metrics')).trimEnd()));
};
