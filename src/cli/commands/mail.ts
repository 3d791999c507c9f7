import type { AddCommands } from '../cli.js';

/** `snug mail test` */
export const addMail: AddCommands = (root, { ask, terminal }) => {
  const mail = root.command('mail').description('mail to the operator');
  mail
    .command('test')
    .description('send a mail to yourself now, and say how it went')
    .action(async () => {
      terminal.err('Sending through Tor; this can take a minute.');
      await ask('mail.test');
      terminal.err('The server has taken the mail: look into your mailbox.');
    });
};
