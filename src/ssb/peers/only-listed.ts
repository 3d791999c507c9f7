import type { Plugin } from 'ssb-server';
import { SnugError } from '../../support/errors.js';

/**
 * Everything that dials, of ours and of the SSB packages, goes through `connect`. This plugin lets
 * through addresses of listed relays only, whatever feeds announce (`type: pub`) or peers ask for:
 * who could make a relay dial could make it betray itself, or be a burden to others.
 *
 * @param mayDial whether this very address is that of a listed relay which is not banned
 * @returns a plugin, used last
 */
export function onlyListed(mayDial: (address: unknown) => boolean): Plugin {
  return {
    name: 'only-listed',
    init(server) {
      server.connect.hook((connect, [address, cb]) => {
        if (mayDial(address)) connect(address, cb);
        else cb(new SnugError('NOT_LISTED', 'Only relays of the configuration are dialled.'));
      });
    },
  };
}
