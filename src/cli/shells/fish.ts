import { type CommandWords, everyCommand, type OptionWords, type Value } from '../tree.js';

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function takes(value: Value): string {
  if (value.kind === 'file') return ' -r -F';
  return value.kind === 'text' ? ' -x' : ` -x -a ${quoted(value.of.join(' '))}`;
}

function optionLine({ names, description, value }: OptionWords, condition: string): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const argument = value === undefined ? '' : takes(value);
  return `complete -c snug${condition} ${flags.join(' ')}${argument} -d ${quoted(description)}`;
}

function linesOf(command: CommandWords): string[] {
  const condition = ` -n ${quoted(`__snug_at "${command.path}"`)}`;
  const [first] = command.arguments;
  const files = first?.value.kind === 'file' ? [`complete -c snug${condition} -F`] : [];
  const choices =
    first?.value.kind === 'choice'
      ? [`complete -c snug${condition} -a ${quoted(first.value.of.join(' '))}`]
      : [];
  return [
    ...command.commands.map(
      ({ name, description }) =>
        `complete -c snug${condition} -a ${name} -d ${quoted(description)}`,
    ),
    ...command.options.map((option) => optionLine(option, condition)),
    ...files,
    ...choices,
  ];
}

/**
 * @param root the whole command
 * @returns a script for fish that completes it without running it
 */
export function fishCompletion(root: CommandWords): string {
  const all = everyCommand(root);
  return [
    '# Completion of snug for fish; made by "snug completion fish".',
    'function __snug_at',
    '    set -l at snug',
    '    for word in (commandline -opc)[2..-1]',
    '        switch "$at $word"',
    `            case ${all
      .slice(1)
      .map(({ path }) => quoted(path))
      .join(' ')}`,
    '                set at "$at $word"',
    '        end',
    '    end',
    '    test "$at" = "$argv[1]"',
    'end',
    'complete -c snug -f',
    // Options of the root may stand behind any command.
    ...root.options.map((option) => optionLine(option, '')),
    ...all.flatMap((command) => linesOf(command === root ? { ...root, options: [] } : command)),
  ].join('\n');
}
