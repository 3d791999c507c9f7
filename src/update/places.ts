import { join } from 'node:path';

/** Where the parts of an update lie on the card; docs/appliance.md draws it. */
export interface Places {
  /** Each version in a folder of its own, and the links `current`, `previous` and `trial`. */
  readonly home: string;
  /** Bundles on their way in, and how the last update went; only root writes there. */
  readonly spool: string;
  /** Folders of the public keys (`*.pub`) that releases are signed with. */
  readonly keys: readonly string[];
  /** Holds the number of what the card offers: units, users, folders, firewall. */
  readonly card: string;
  /** The relay's control socket. */
  readonly control: string;
  /** Tor's SOCKS socket. */
  readonly socks: string;
  /** There where Snug is updated by bundles at all. */
  readonly unit: string;
}

/**
 * @param root of the file system; `/` on the card
 * @returns the places below it
 */
export function placesBelow(root: string): Places {
  return {
    home: join(root, 'opt/snug'),
    spool: join(root, 'var/lib/snug-update'),
    // The second is the operator's: a card may be told to trust whoever the operator trusts.
    keys: [join(root, 'usr/lib/snug/release-keys'), join(root, 'etc/snug/release-keys')],
    card: join(root, 'usr/lib/snug/card-format'),
    control: join(root, 'run/snug/control.sock'),
    socks: join(root, 'run/snug-tor/socks'),
    unit: join(root, 'usr/lib/systemd/system/snug-update.service'),
  };
}
