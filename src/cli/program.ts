import { join, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { callControl } from '../control/client.js';
import type { Snapshot } from '../status/snapshot.js';
import { inWords } from '../status/words.js';
import { packageVersion } from '../support/package.js';
import { EXIT, EXIT_HELP, exitCodeOf } from './exit-codes.js';
import { printInvites, printNewInvite } from './invites.js';
import { printMember, printMembers } from './members.js';
import { start } from './start.js';
import { printError, type Terminal } from './terminal.js';

/** What the command line needs of the process it runs in. */
export interface CliContext {
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}

interface GlobalOptions {
  config?: string;
  control?: string;
}

const STATUS_EXIT = { well: EXIT.ok, degraded: EXIT.degraded, down: EXIT.down } as const;

function parseDays(text: string): number {
  const days = Number(text);
  if (text.trim() !== '' && days > 0 && days <= 365) return days;
  throw new InvalidArgumentError('A number of days, more than 0 and at most 365.');
}

/** Commander's own commands, with what they do. */
class Program {
  readonly #root = new Command('snug');
  readonly #context: CliContext;
  exitCode: number = EXIT.ok;

  constructor(context: CliContext) {
    this.#context = context;
    const { terminal } = context;
    this.#root
      .description('A Scuttlebutt relay behind an onion address.')
      .version(packageVersion())
      .option('--config <file>', 'the configuration (else $SNUG_CONFIG or /etc/snug/snug.toml)')
      .option('--control <socket>', 'the control socket of a running relay (else $SNUG_CONTROL)')
      .addHelpText('after', EXIT_HELP)
      .exitOverride()
      .configureOutput({
        writeOut: (text) => terminal.out(text.trimEnd()),
        writeErr: (text) => terminal.err(text.trimEnd()),
      });
    this.#addStart();
    this.#addStatus();
    this.#addInvite();
    this.#addBans();
    this.#addMembers();
  }

  async run(args: readonly string[]): Promise<void> {
    await this.#root.parseAsync(args, { from: 'user' });
  }

  #config(): Config {
    const { config } = this.#root.opts<GlobalOptions>();
    const { env } = this.#context;
    return loadConfig({ env, ...(config === undefined ? {} : { file: config }) });
  }

  /** Asks the running relay; the socket is named, or that of the configuration. */
  #ask(method: string, params: unknown = {}): Promise<unknown> {
    const named = this.#root.opts<GlobalOptions>().control ?? this.#context.env.SNUG_CONTROL;
    const socket = named ? resolve(named) : join(this.#config().paths.run, 'control.sock');
    return callControl(socket, method, params);
  }

  #addStart(): void {
    this.#root
      .command('start')
      .description('run the relay until it is stopped')
      .option('--verbose', 'also say what only a developer wants to know', false)
      .action(async (options: { verbose: boolean }) => {
        const { terminal, signal, env } = this.#context;
        const journal = env.JOURNAL_STREAM !== undefined;
        await start(this.#config(), { ...options, journal }, terminal, signal);
      });
  }

  #addStatus(): void {
    this.#root
      .command('status')
      .description('how the relay is, and what to do')
      .option('--json', 'for scripts', false)
      .action(async (options: { json: boolean }) => {
        this.exitCode = EXIT.down;
        const snapshot = (await this.#ask('status')) as Snapshot;
        const lines = options.json ? [JSON.stringify(snapshot)] : inWords(snapshot);
        lines.forEach(this.#context.terminal.out);
        this.exitCode = STATUS_EXIT[snapshot.health];
      });
  }

  #addInvite(): void {
    const { terminal } = this.#context;
    const invite = this.#root.command('invite').description('make, list and withdraw codes');
    invite
      .command('create')
      .description('make a code that works once, and print it')
      .option('--note <text>', 'for your own list; never published')
      .option('--days <number>', 'how long it can be redeemed', parseDays)
      .action(async (options: { note?: string; days?: number }) =>
        printNewInvite(terminal, await this.#ask('invite.create', options)),
      );
    invite
      .command('list')
      .description('all codes that are not forgotten yet, newest first')
      .action(async () => printInvites(terminal, await this.#ask('invite.list')));
    invite
      .command('revoke')
      .description('withdraw a code that nobody has redeemed')
      .argument('<id>', 'as "snug invite list" shows it, or its beginning')
      .action(async (id: string) => {
        await this.#ask('invite.revoke', { id });
        terminal.err('The code is withdrawn.');
      });
  }

  #addMembers(): void {
    const { terminal } = this.#context;
    const member = this.#root.command('member').description('whose feeds are carried, and how');
    member
      .command('list')
      .description('all members, with what does not go on and why')
      .action(async () => printMembers(terminal, await this.#ask('member.list')));
    member
      .command('show')
      .description("how a feed stands here, a member's or another")
      .argument('<feed>', 'its id, @….ed25519')
      .action(async (feed: string) =>
        printMember(terminal, await this.#ask('member.show', { feed })),
      );
  }

  #addBans(): void {
    const { terminal } = this.#context;
    this.#root
      .command('ban')
      .description('block a feed publicly and shut it out, whatever code it has')
      .argument('<feed>', 'its id, @….ed25519')
      .option('--reason <text>', 'for your own list; never published')
      .action(async (feed: string, options: { reason?: string }) => {
        await this.#ask('ban', { feed, ...options });
        terminal.err('The feed is banned.');
      });
    this.#root
      .command('unban')
      .description('lift a ban')
      .argument('<feed>', 'its id, @….ed25519')
      .action(async (feed: string) => {
        await this.#ask('unban', { feed });
        terminal.err('The ban is lifted.');
      });
  }
}

/**
 * Runs one command.
 *
 * @param args after the program's name
 * @returns the exit code
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const program = new Program(context);
  try {
    await program.run(args);
    return program.exitCode;
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    printError(context.terminal, error);
    return program.exitCode === EXIT.ok ? exitCodeOf(error) : program.exitCode;
  }
}
