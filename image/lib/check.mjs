// What must hold of the card's file system before it is packed: the rules of check/. A build that
// breaks one fails, with every fault named.
import { SetupError } from '../../scripts/setup.mjs';
import { boot } from './check/boot.mjs';
import { dependsOf, drivers } from './check/drivers.mjs';
import { changed, strangers } from './check/files.mjs';
import * as firewall from './check/firewall.mjs';
import { unpackInitrd } from './check/initrd.mjs';
import * as logins from './check/logins.mjs';
import * as network from './check/network.mjs';
import * as owners from './check/owners.mjs';
import * as privileges from './check/privileges.mjs';
import * as secrets from './check/secrets.mjs';
import * as units from './check/units.mjs';
import { lookAt } from './check/view.mjs';
import { output } from './run.mjs';

const GROUPS = [owners, firewall, units, logins, privileges, network, secrets];
const RULES = [
  ...GROUPS.flatMap((rules) => Object.values(rules)),
  strangers,
  changed,
  boot,
  drivers,
];

/**
 * @param {string} tree the card's file system
 * @param {object} known see lookAt (check/view.mjs)
 * @returns {string[]} every fault, in words
 */
export function faultsOf(tree, known) {
  const view = lookAt(tree, known);
  return RULES.flatMap((rule) => [...rule(view)]);
}

/** @returns {Promise<string[]>} programs with capabilities: a line each, `PATH cap_…` */
async function capabilitiesBelow(tree) {
  const lines = (await output('getcap', ['-r', tree])).split('\n').filter(Boolean);
  return lines.map((line) => line.slice(tree.length + 1).replace(/ \S+$/, ''));
}

/**
 * @param {string} tree the card's file system
 * @param {object} known ours: paths that we put there, and which file of this checkout each is a
 *   copy of; masked: units that never run
 * @throws SetupError with every fault
 */
export async function checkTree(tree, known) {
  const faults = faultsOf(tree, {
    ...known,
    capabilities: await capabilitiesBelow(tree),
    unpack: unpackInitrd,
    dependsOf,
  });
  if (faults.length === 0) return;
  throw new SetupError(`The card's file system is not as it must be:\n  ${faults.join('\n  ')}`);
}
