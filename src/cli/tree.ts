import type { Argument, Command, Option } from 'commander';

/** What follows a word on the command line. */
export type Value =
  | { readonly kind: 'file' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'text' };

/** An option; long and short name with their dashes. */
export interface OptionWords {
  readonly names: readonly string[];
  /** As `--help` shows it, such as `--note <text>`. */
  readonly flags: string;
  readonly description: string;
  /** What it takes; undefined for a switch. */
  readonly value: Value | undefined;
}

/** An argument by its place. */
export interface ArgumentWords {
  /** As usage shows it, such as `<feed>`. */
  readonly usage: string;
  readonly description: string;
  readonly value: Value;
}

/** One command with those below it, as plain data: what `--help`, man page and completion tell. */
export interface CommandWords {
  /** Such as `snug invite create`. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  readonly arguments: readonly ArgumentWords[];
  readonly commands: readonly CommandWords[];
}

/** Names of values that are paths, by house rule. */
const PATHS = /^(file|folder|socket|archive)s?$/i;

function valueNamed(name: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return { kind: 'choice', of: choices };
  return PATHS.test(name) ? { kind: 'file' } : { kind: 'text' };
}

function optionWords(option: Option): OptionWords {
  const [, placeholder = ''] = /[<[]([^>\]]+?)(?:\.\.\.)?[>\]]/.exec(option.flags) ?? [];
  const takes = option.required || option.optional;
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    flags: option.flags,
    description: option.description,
    value: takes ? valueNamed(placeholder, option.argChoices) : undefined,
  };
}

function argumentWords(argument: Argument): ArgumentWords {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    value: valueNamed(argument.name(), argument.argChoices),
  };
}

/**
 * @param command of commander, with all its own added
 * @param above the path of the command that it belongs to
 * @returns what may be said of it; what `--help` hides is left out
 */
export function wordsOf(command: Command, above = ''): CommandWords {
  const help = command.createHelp();
  const path = `${above} ${command.name()}`.trim();
  return {
    path,
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).map(optionWords),
    arguments: command.registeredArguments.map(argumentWords),
    commands: help.visibleCommands(command).map((below) => wordsOf(below, path)),
  };
}

/** @returns the command and all below it, each before its own */
export function everyCommand(words: CommandWords): CommandWords[] {
  return [words, ...words.commands.flatMap(everyCommand)];
}

/**
 * @param command any of them
 * @param root whose options may stand behind every command
 * @returns the options that may stand here, each once
 */
export function optionsAt(command: CommandWords, root: CommandWords): OptionWords[] {
  const own = new Set(command.options.flatMap(({ names }) => names));
  const others = root.options.filter(({ names }) => names.every((name) => !own.has(name)));
  return [...command.options, ...(command === root ? [] : others)];
}

/**
 * @param command whose own options are looked at
 * @returns what follows each of their names, switches left out
 */
export function valuesOf(command: CommandWords): (readonly [name: string, value: Value])[] {
  return command.options.flatMap(({ names, value }) =>
    value === undefined ? [] : names.map((name) => [name, value] as const),
  );
}
