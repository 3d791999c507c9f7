import { packageVersion } from '../../support/package.js';
import type { AddCommands } from '../cli.js';
import { manPage } from '../man-page.js';
import { wordsOf } from '../tree.js';

const HOW = `
To read it:     snug man | man -l -
To install it:  snug man | sudo tee /usr/local/share/man/man1/snug.1 > /dev/null
`;

/** `snug man` */
export const addMan: AddCommands = (root, { terminal }) => {
  root
    .command('man')
    .description('print the manual page, for man')
    .addHelpText('after', HOW)
    .action(() => terminal.out(manPage(wordsOf(root), packageVersion())));
};
