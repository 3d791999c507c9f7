import { SnugError } from '../support/errors.js';
import type { Header } from './header.js';
import type { Release } from './release.js';
import { compareVersions } from './version.js';

/** What a release is held against. */
export interface Ground {
  /** The version in use. */
  readonly installed: Release;
  /** Number of what the card offers. */
  readonly card: number;
  /** As Node's process.arch. */
  readonly arch: string;
  readonly allowDowngrade: boolean;
}

/**
 * Both must be able to live with the other's data: the new one reads what there is, and the old one
 * reads what the new one will have written when it is gone back to.
 *
 * @throws SnugError STATE_FORMAT
 */
export function checkState(wanted: Release, installed: Release): void {
  if (wanted.state.reads < installed.state.writes) {
    throw new SnugError(
      'STATE_FORMAT',
      `Snug ${wanted.version} cannot read the data that Snug ${installed.version} has written.`,
      { hint: 'Stay with a newer version.' },
    );
  }
  if (installed.state.reads >= wanted.state.writes) return;
  throw new SnugError(
    'STATE_FORMAT',
    `Snug ${installed.version} could not read the data of Snug ${wanted.version}, so there would be no way back.`,
    { hint: 'Install a version in between first; its notes say so.' },
  );
}

/** @throws SnugError WRONG_ARCH, CARD_TOO_OLD, ALREADY_INSTALLED, DOWNGRADE or STATE_FORMAT */
export function checkPolicy(wanted: Release & Pick<Header, 'arch'>, ground: Ground): void {
  const { installed, card, arch, allowDowngrade } = ground;
  const { version } = wanted;
  if (wanted.arch !== arch) {
    throw new SnugError('WRONG_ARCH', `The bundle is for ${wanted.arch}, this board is ${arch}.`, {
      hint: 'Take the bundle for this kind of board.',
    });
  }
  if (wanted.card > card) {
    throw new SnugError('CARD_TOO_OLD', `Snug ${version} needs a newer card than this one.`, {
      hint: 'An update carries Snug, not the system around it. Flash the new image and restore a backup.',
    });
  }
  const order = compareVersions(version, installed.version);
  if (order === 0) {
    throw new SnugError('ALREADY_INSTALLED', `Snug ${version} is in use already.`, {
      hint: 'Nothing needs to be done.',
    });
  }
  if (order < 0 && !allowDowngrade) {
    throw new SnugError('DOWNGRADE', `Snug ${version} is older than ${installed.version}.`, {
      hint: 'Old versions have known faults. If you must: --allow-downgrade.',
    });
  }
  checkState(wanted, installed);
}
