import type { Snapshot } from '../../status/snapshot.js';
import { SnugError } from '../../support/errors.js';
import type { AddCommands } from '../cli.js';

/** `snug address` */
export const addAddress: AddCommands = (root, { ask, terminal }) => {
  root
    .command('address')
    .description('print the URL that you give to friends')
    .option('--qr', 'as a QR code too, for a camera before a dark terminal', false)
    .action(async ({ qr }: { qr: boolean }) => {
      const { site } = (await ask('status')) as Snapshot;
      if (site === undefined) {
        throw new SnugError('NOT_READY', 'The relay does not know its address yet.', {
          hint: 'Tor is still starting: try again in a moment.',
        });
      }
      const url = `${site}/invite/`;
      if (qr) {
        // Only when it is wanted: it comes with a native package.
        const { qrText } = await import('../../support/qr.js');
        terminal.out(qrText(url));
      }
      terminal.out(url);
    });
};
