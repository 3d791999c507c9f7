import { join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { loadConfig } from '../config/load-config.js';
import { callControl } from '../control/client.js';
import { SnugError } from '../support/errors.js';
import { packageVersion } from '../support/package.js';
import type { AddCommands, Cli } from './cli.js';
import { addAddress } from './commands/address.js';
import { addBackups } from './commands/backup.js';
import { addBans } from './commands/ban.js';
import { addClearnet } from './commands/clearnet.js';
import { addCompletion } from './commands/completion.js';
import { addDoctor } from './commands/doctor.js';
import { addInvites } from './commands/invite.js';
import { addLog } from './commands/log.js';
import { addMail } from './commands/mail.js';
import { addMan } from './commands/man.js';
import { addMembers } from './commands/member.js';
import { addSsh } from './commands/ssh.js';
import { addStart } from './commands/start.js';
import { addStatus } from './commands/status.js';
import { addUpdate } from './commands/update.js';
import { EXIT, EXIT_HELP, exitCodeOf } from './exit-codes.js';
import { printError } from './terminal.js';

/** What the command line needs of the process it runs in. */
export type CliContext = Pick<Cli, 'env' | 'terminal' | 'signal'>;

/** In the order of `snug --help`. */
const COMMANDS: readonly AddCommands[] = [
  addStart,
  addStatus,
  addAddress,
  addInvites,
  addMembers,
  addBans,
  addClearnet,
  addMail,
  addBackups,
  addSsh,
  addUpdate,
  addDoctor,
  addLog,
  addCompletion,
  addMan,
];

interface GlobalOptions {
  config?: string;
  control?: string;
}

/** @returns the root command, without any other */
function rootCommand({ out, err }: CliContext['terminal']): Command {
  return new Command('snug')
    .description('A Scuttlebutt relay behind an onion address.')
    .version(packageVersion())
    .option('--config <file>', 'the configuration (else $SNUG_CONFIG or /etc/snug/snug.toml)')
    .option(
      '--control <socket>',
      'the control socket of a running relay (else that of --config or $SNUG_CONTROL)',
    )
    .addHelpText('after', EXIT_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out(text.trimEnd()),
      writeErr: (text) => err(text.trimEnd()),
    });
}

function configNotNamed(): SnugError {
  return new SnugError(
    'CONFIG_NOT_NAMED',
    'The socket of a relay is named, but not its configuration.',
    { hint: 'This command reads that too: use --config, which names both, instead of --control.' },
  );
}

/** @returns what the commands may use; the options are those of the root, once it has parsed them */
function toolsOf(context: CliContext, root: Command, exitWith: (code: number) => void): Cli {
  const config = (usual: NodeJS.ProcessEnv = {}) => {
    const { config: file } = root.opts<GlobalOptions>();
    const env = { ...usual, ...context.env };
    return loadConfig({ env, ...(file === undefined ? {} : { file }) });
  };
  // A configuration that is named in the command outweighs the environment: it has a socket itself.
  const namedSocket = () => {
    const { config: file, control } = root.opts<GlobalOptions>();
    return control ?? (file === undefined ? context.env.SNUG_CONTROL : undefined);
  };
  const relayConfig = () => {
    const named = root.opts<GlobalOptions>().config ?? context.env.SNUG_CONFIG;
    if (namedSocket() && !named) throw configNotNamed();
    return config();
  };
  const ask = (method: string, params: unknown = {}) => {
    const named = namedSocket();
    const socket = named ? resolve(named) : join(config().paths.run, 'control.sock');
    return callControl(socket, method, params, context.signal);
  };
  return { ...context, config, relayConfig, ask, exitWith };
}

/**
 * @param exitWith gets the exit code of a command that has one of its own
 * @returns the whole command line
 */
export function buildProgram(context: CliContext, exitWith: (code: number) => void): Command {
  const root = rootCommand(context.terminal);
  const cli = toolsOf(context, root, exitWith);
  for (const add of COMMANDS) add(root, cli);
  return root;
}

/**
 * Runs one command.
 *
 * @param args after the program's name
 * @returns the exit code
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.ok;
  const root = buildProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await root.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    printError(context.terminal, error);
    return exitCodeOf(error);
  }
}
