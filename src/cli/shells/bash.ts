import { type CommandWords, everyCommand, optionsAt, type Value, valuesOf } from '../tree.js';

/** A word between single quotes, in which bash reads nothing as its own. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The answer for a place where such a value stands. */
function answer(value: Value): string {
  if (value.kind === 'text') return ':';
  if (value.kind === 'file') {
    return 'mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2> /dev/null || :';
  }
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(value.of.join(' '))} -- "$cur")`;
}

/** What comes after an option that takes a value; those of the root may stand anywhere. */
function afterOption(command: CommandWords, root: CommandWords): string[] {
  return valuesOf(command).map(([name, value]) => {
    const at = command === root ? `*${quoted(` ${name}`)}` : quoted(`${command.path} ${name}`);
    return `    ${at}) ${answer(value)}; return ;;`;
  });
}

function place(command: CommandWords, root: CommandWords): string[] {
  const options = optionsAt(command, root).flatMap(({ names }) => names);
  const [first] = command.arguments;
  const words = `words=${quoted(command.commands.map(({ name }) => name).join(' '))}`;
  const here = command.commands.length > 0 || first === undefined ? words : answer(first.value);
  return [
    `    ${quoted(command.path)})`,
    `      if [[ $cur == -* ]]; then words=${quoted(options.join(' '))}; else ${here}; fi ;;`,
  ];
}

/**
 * @param root the whole command
 * @returns a script for bash that completes it without running it
 */
export function bashCompletion(root: CommandWords): string {
  const all = everyCommand(root);
  const below = all.slice(1).map(({ path }) => quoted(path));
  return [
    '# Completion of snug for bash; made by "snug completion bash".',
    '_snug() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at=snug words= i`,
    '  # Bash takes "--config=x" for three words.',
    `  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi`,
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    case "$at \${COMP_WORDS[i]}" in`,
    `      ${below.join(' | ')}) at="$at \${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  COMPREPLY=()',
    '  case "$at $prev" in',
    ...all.flatMap((command) => afterOption(command, root)),
    '  esac',
    '  case "$at" in',
    ...all.flatMap((command) => place(command, root)),
    '  esac',
    '  if [[ -n $words ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"); fi',
    '}',
    'complete -F _snug snug',
  ].join('\n');
}
