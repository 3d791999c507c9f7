import { EXIT_WORDS } from './exit-codes.js';
import { type CommandWords, everyCommand } from './tree.js';

const ENVIRONMENT = [
  ['SNUG_CONFIG', 'the configuration, when --config does not name one'],
  [
    'SNUG_CONTROL',
    'the control socket of a running relay, when neither --control nor --config does',
  ],
] as const;

const FILES = [
  ['/etc/snug/snug.toml', 'the configuration, when nothing names another; every key is optional'],
] as const;

/**
 * Text as roff takes it literally (groff_char(7)): a hyphen is a minus to be copied, what is not
 * ASCII is named by its number, and no line begins with a control character.
 */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  const ascii = escaped.replace(/[^\n -~]/gu, (letter) => {
    const number = letter.codePointAt(0) ?? 0;
    return `\\[u${number.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
  return ascii.replace(/^([.'])/gm, '\\&$1');
}

/** A word in bold with its explanation indented below it. */
function entry(word: string, text: string): string[] {
  return ['.TP', `.B ${roff(word)}`, roff(text)];
}

/** @returns a sentence: descriptions in `--help` begin small and end without a dot */
function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function section(command: CommandWords): string[] {
  const usage = [command.path, ...command.arguments.map(({ usage }) => usage)];
  if (command.options.length > 1) usage.push('[options]');
  return [
    `.SS ${roff(usage.join(' '))}`,
    roff(sentence(command.description)),
    ...command.arguments.flatMap(({ usage, description }) => entry(usage, description)),
    ...command.options
      .filter(({ names }) => !names.includes('--help'))
      .flatMap(({ flags, description }) => entry(flags, description)),
  ];
}

/**
 * @param root the whole command
 * @param version of Snug
 * @returns its manual page, section 1, for man(7)
 */
export function manPage(root: CommandWords, version: string): string {
  const leaves = everyCommand(root).filter(
    ({ commands, name }) => commands.length === 0 && name !== 'help',
  );
  return [
    `.TH SNUG 1 "" "Snug ${roff(version)}" "Snug"`,
    '.SH NAME',
    `snug \\- ${roff(root.description.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    '.B snug',
    '[options] command [arguments]',
    '.SH DESCRIPTION',
    'Runs a Scuttlebutt relay behind an onion address, and looks after it while it runs.',
    'All commands but a few ask the running relay through its control socket, which only the',
    'user who runs the relay can open.',
    '.SH OPTIONS',
    ...root.options.flatMap(({ flags, description }) => entry(flags, description)),
    '.SH COMMANDS',
    ...leaves.flatMap(section),
    '.SH EXIT STATUS',
    ...EXIT_WORDS.flatMap(([code, meaning]) => entry(String(code), meaning)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, text]) => entry(name, text)),
    '.SH FILES',
    ...FILES.flatMap(([name, text]) => entry(name, text)),
  ].join('\n');
}
