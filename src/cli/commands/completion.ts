import { Argument } from 'commander';
import type { AddCommands } from '../cli.js';
import { bashCompletion } from '../shells/bash.js';
import { fishCompletion } from '../shells/fish.js';
import { zshCompletion } from '../shells/zsh.js';
import { type CommandWords, wordsOf } from '../tree.js';

const SHELLS: Readonly<Record<string, (root: CommandWords) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

const HOW = `
To use it at once and in every new shell:
  bash  snug completion bash > ~/.local/share/bash-completion/completions/snug
  zsh   snug completion zsh > _snug, in a folder of $fpath
  fish  snug completion fish > ~/.config/fish/completions/snug.fish
`;

/** `snug completion` */
export const addCompletion: AddCommands = (root, { terminal }) => {
  root
    .command('completion')
    .description('print what lets a shell complete this command')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELLS)))
    .addHelpText('after', HOW)
    .action((shell: string) => terminal.out(SHELLS[shell]?.(wordsOf(root)) ?? ''));
};
