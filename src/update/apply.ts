import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, hintOf, messageOf, SnugError } from '../support/errors.js';
import { Notes, type Outcome, type Request } from './notes.js';
import { checkState } from './policy.js';
import { checkBundle, type Ground } from './prepare.js';
import { readRelease } from './release.js';
import { unpack } from './unpack.js';
import type { Version } from './version.js';
import { Versions } from './versions.js';

/** The relay, as whoever updates it sees it. */
export interface Relay {
  /** Has it started anew, from `current`; returns before it is ready. */
  restart(): Promise<void>;
  /** @returns true once this version runs and is ready, false when it will not in ten minutes */
  waitReady(version: Version): Promise<boolean>;
}

/** What comes next; each is safe to be killed in. */
export type Step =
  | 'check'
  | 'unpack'
  | 'adopt'
  | 'switch'
  | 'restart'
  | 'confirm'
  | 'back'
  | 'sweep';

/** What an update works with. */
export interface Tools extends Ground {
  readonly relay: Relay;
  /** Hears of each step before it is made. */
  step(step: Step): void;
}

/** Parts without which nothing could be started, or taken back. */
const PARTS = ['dist/src/main.js', 'dist/src/update/main.js', 'torrc/snug.torrc'];

/** @throws SnugError RELEASE_BROKEN when what was unpacked is not what the header promised */
async function checkTree(folder: string, version: Version): Promise<void> {
  const release = await readRelease(folder);
  const found = await Promise.all(
    PARTS.map((part) => stat(join(folder, part)).catch(() => undefined)),
  );
  if (release.version === version && found.every((part) => part?.isFile())) return;
  throw new SnugError('RELEASE_BROKEN', 'The bundle does not hold a whole version of Snug.', {
    hint: 'Tell whoever made it.',
  });
}

async function install(
  allowDowngrade: boolean,
  versions: Versions,
  tools: Tools,
): Promise<Version> {
  tools.step('check');
  const notes = new Notes(tools.places.spool);
  const bundle = await checkBundle(notes.bundle, allowDowngrade, versions, tools);
  try {
    const { version } = bundle.header;
    tools.step('unpack');
    const folder = await versions.stage(version);
    await unpack(bundle, folder);
    await checkTree(folder, version);
    tools.step('adopt');
    await versions.adopt(version);
    return version;
  } finally {
    await bundle.close();
  }
}

async function previousOf(versions: Versions): Promise<Version> {
  const previous = await versions.previous();
  if (previous === undefined) {
    throw new SnugError('NO_PREVIOUS', 'There is no earlier version on this card.', {
      hint: 'Take the bundle of the version that you want, with --allow-downgrade.',
    });
  }
  const [wanted, installed] = [previous, await versions.current()];
  checkState(
    await readRelease(versions.folder(wanted)),
    await readRelease(versions.folder(installed)),
  );
  return previous;
}

/** A version that cannot even be started is not ready. */
async function works(version: Version, relay: Relay): Promise<boolean> {
  try {
    await relay.restart();
    return await relay.waitReady(version);
  } catch {
    return false;
  }
}

async function tryOut(to: Version, versions: Versions, tools: Tools): Promise<Outcome> {
  const from = await versions.current();
  tools.step('switch');
  await versions.begin(to);
  tools.step('restart');
  if (await works(to, tools.relay)) {
    tools.step('confirm');
    await versions.confirm();
    return { result: 'updated', from, to };
  }
  tools.step('back');
  await versions.goBack();
  const again = await works(from, tools.relay);
  await versions.endTrial();
  return {
    result: 'went back',
    from,
    to,
    code: 'UPDATE_WENT_BACK',
    message: `Snug ${to} did not become ready within ten minutes, so this card went back to ${from}.`,
    hint: again
      ? 'It is ready again. The journal says why: sudo journalctl -u snug'
      : `But ${from} is not ready either, so it may not be the version: see "snug status".`,
  };
}

async function attempt(request: Request, versions: Versions, tools: Tools): Promise<Outcome> {
  const from = await versions.current();
  try {
    if ((await versions.trial()) !== undefined) {
      throw new SnugError('UPDATE_RUNNING', 'Another update has not come to its end.', {
        hint: 'Wait ten minutes, or restart the card: it then goes back to the version before.',
      });
    }
    const to =
      request.action === 'back'
        ? await previousOf(versions)
        : await install(request.allowDowngrade, versions, tools);
    return await tryOut(to, versions, tools);
  } catch (error) {
    // Nothing has been switched yet, or the trial is still open and is taken back by `settle`.
    const [code, hint] = [codeOf(error), hintOf(error)];
    const more = {
      ...(code === undefined ? {} : { code }),
      ...(hint === undefined ? {} : { hint }),
    };
    return { result: 'refused', from, message: messageOf(error), ...more };
  }
}

/**
 * Carries out what is asked for in the spool, as root. Whatever stops it, and whenever, the card is
 * on a version that works: at once, or after `settle` has run.
 *
 * @returns how it went, also to be read later; undefined when nothing was asked for
 */
export async function apply(tools: Tools): Promise<Outcome | undefined> {
  const notes = new Notes(tools.places.spool);
  const request = await notes.request();
  if (request === undefined) return undefined;
  const versions = new Versions(tools.places.home);
  const outcome = await attempt(request, versions, tools);
  await notes.close(outcome);
  tools.step('sweep');
  await versions.sweep();
  return outcome;
}
