import { lstat, mkdir, open, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../support/errors.js';
import { asVersion, parseVersion, type Version } from './version.js';

/** Links beside the versions' folders; each names one of them. */
type Link = 'current' | 'previous' | 'trial';
const LINKS: readonly Link[] = ['current', 'previous', 'trial'];

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

/**
 * The versions on the card. `current` is in use. While a new one has not yet proved itself, `trial`
 * names the one to go back to: it is there exactly as long as that is open, and code that goes back
 * is run from it. Every change is one rename, on the card before the next.
 */
export class Versions {
  readonly #home: string;

  /** @param home folder of the versions */
  constructor(home: string) {
    this.#home = home;
  }

  /** @returns where a version lies, or is to lie */
  folder(version: Version): string {
    return join(this.#home, version);
  }

  /** @throws SnugError BAD_VERSION, or the file system's error, when there is no sound link */
  async current(): Promise<Version> {
    return parseVersion(await readlink(join(this.#home, 'current')));
  }

  /** @returns the version in use before this one, if it is still there */
  async previous(): Promise<Version | undefined> {
    return this.#target('previous');
  }

  /** @returns the version to go back to, while a new one is on trial */
  async trial(): Promise<Version | undefined> {
    return this.#target('trial');
  }

  /** @returns an empty folder to unpack a version into */
  async stage(version: Version): Promise<string> {
    const folder = this.#staging(version);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o755 });
    return folder;
  }

  /** Gives a staged version, which must be on the card already, its place. */
  async adopt(version: Version): Promise<void> {
    await rm(this.folder(version), { recursive: true, force: true });
    await rename(this.#staging(version), this.folder(version));
    await this.#sync();
  }

  /** Makes a version the one in use, on trial. */
  async begin(version: Version): Promise<void> {
    await this.#point('trial', await this.current());
    await this.#point('current', version);
  }

  /** Ends the trial: the version in use stays, the one before is the previous. */
  async confirm(): Promise<void> {
    await rename(join(this.#home, 'trial'), join(this.#home, 'previous'));
    await this.#sync();
  }

  /** Makes the version before the one in use again; the trial stays open until it is started. */
  async goBack(): Promise<void> {
    const version = await this.trial();
    if (version !== undefined) await this.#point('current', version);
  }

  /** Ends the trial, once the version before has been started again. */
  async endTrial(): Promise<void> {
    await rm(join(this.#home, 'trial'), { force: true });
    await this.#sync();
  }

  /** Removes what no link names: older versions, and what an interrupted update has left. */
  async sweep(): Promise<void> {
    // Without it, everything would look superfluous.
    const kept = new Set<string>([...LINKS, await this.current()]);
    for (const link of LINKS) kept.add((await this.#target(link)) ?? link);
    for (const name of await readdir(this.#home)) {
      if (kept.has(name)) continue;
      await rm(join(this.#home, name), { recursive: true, force: true });
    }
  }

  #staging(version: Version): string {
    return join(this.#home, `.new-${version}`);
  }

  async #target(link: Link): Promise<Version | undefined> {
    const path = join(this.#home, link);
    if (!(await exists(path))) return undefined;
    const version = asVersion(await readlink(path));
    if (version === undefined || !(await exists(this.folder(version)))) return undefined;
    return version;
  }

  async #point(link: Link, version: Version): Promise<void> {
    const aside = join(this.#home, `.link-${link}`);
    await rm(aside, { force: true });
    await symlink(version, aside);
    await rename(aside, join(this.#home, link));
    await this.#sync();
  }

  async #sync(): Promise<void> {
    const folder = await open(this.#home, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
