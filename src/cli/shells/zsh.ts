import { type CommandWords, everyCommand, optionsAt, type Value, valuesOf } from '../tree.js';

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `_describe` cuts at the first colon that has no backslash. */
function entry(name: string, description: string): string {
  return quoted(`${name.replaceAll(':', '\\:')}:${description}`);
}

function answer(value: Value): string {
  if (value.kind === 'file') return '_files';
  return value.kind === 'text'
    ? "_message 'a text'"
    : `compadd -- ${value.of.map(quoted).join(' ')}`;
}

/** What comes after an option that takes a value; those of the root may stand anywhere. */
function afterOption(command: CommandWords, root: CommandWords): string[] {
  return valuesOf(command).map(([name, value]) => {
    const at = command === root ? `*${quoted(` ${name}`)}` : quoted(`${command.path} ${name}`);
    return `    (${at}) ${answer(value)}; return ;;`;
  });
}

function place(command: CommandWords, root: CommandWords): string[] {
  const options = optionsAt(command, root).flatMap(({ names, description }) =>
    names.map((name) => entry(name, description)),
  );
  const commands = command.commands.map(({ name, description }) => entry(name, description));
  const [first] = command.arguments;
  const argument = first !== undefined && commands.length === 0 ? [answer(first.value)] : [];
  return [
    `    (${quoted(command.path)})`,
    `      if [[ $PREFIX == -* ]]; then list=(${options.join(' ')}); else list=(${commands.join(' ')}); fi`,
    ...argument.map((line) => `      if [[ $PREFIX != -* ]]; then ${line}; return; fi`),
    '      ;;',
  ];
}

/**
 * @param root the whole command
 * @returns a script for zsh that completes it without running it
 */
export function zshCompletion(root: CommandWords): string {
  const all = everyCommand(root);
  const below = all.slice(1).map(({ path }) => quoted(path));
  return [
    '#compdef snug',
    '# Completion of snug for zsh; made by "snug completion zsh".',
    '_snug() {',
    '  local at=snug i',
    '  local -a list',
    '  for ((i = 2; i < CURRENT; i++)); do',
    `    case "$at \${words[i]}" in`,
    `      (${below.join(' | ')}) at="$at \${words[i]}" ;;`,
    '    esac',
    '  done',
    `  case "$at \${words[CURRENT - 1]}" in`,
    ...all.flatMap((command) => afterOption(command, root)),
    '  esac',
    '  case "$at" in',
    ...all.flatMap((command) => place(command, root)),
    '  esac',
    "  (( $#list )) && _describe 'snug' list",
    '}',
    '# Below fpath the file is the function itself; sourced, it is put in its place.',
    'if [[ $funcstack[1] == _snug ]]; then _snug "$@"; else compdef _snug snug; fi',
  ].join('\n');
}
