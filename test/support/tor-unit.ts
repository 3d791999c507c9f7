import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/support/package.js';

/** Where a relay with `launch = "unit"` and these folders looks for its Tor. */
export function unitPlaces(folder: string) {
  return {
    state: join(folder, 'state'),
    run: join(folder, 'run'),
    home: join(folder, 'state-tor'),
    sockets: join(folder, 'run-tor'),
    handover: join(folder, 'run-to-tor'),
  };
}

/** Options of {@link TorUnit.start}. */
export interface TorUnitOptions {
  /** Below which the relay's and Tor's folders lie. */
  readonly folder: string;
  /** Who Tor is; ourselves if not given. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Words to put in front, to run Tor under something. */
  readonly under?: readonly string[];
}

interface Commands {
  readonly before: readonly { readonly words: readonly string[]; readonly mayFail: boolean }[];
  readonly main: readonly string[];
}

const UNIT = join(PACKAGE_ROOT, 'systemd', 'snug-tor.service');
const run = promisify(execFile);

/** @returns the commands of the unit itself, its folders replaced by those of the test */
function commandsOf(folder: string): Commands {
  const { home, sockets, handover } = unitPlaces(folder);
  const text = readFileSync(UNIT, 'utf8')
    .replaceAll('/var/lib/snug-tor', home)
    .replaceAll('/run/snug-to-tor', handover)
    .replaceAll('/run/snug-tor', sockets)
    .replaceAll('127.0.0.1:9050', '127.0.0.1:auto');
  const words = (line: string) =>
    [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const lines = (key: string) =>
    [...text.matchAll(new RegExp(`^${key}=(-?)(.*)$`, 'gm'))].map(([, dash, line]) => ({
      words: words(line ?? ''),
      mayFail: dash === '-',
    }));
  return { before: lines('ExecStartPre'), main: lines('ExecStart')[0]?.words ?? [] };
}

/**
 * Plays systemd for `snug-tor.path` and `snug-tor.service`: when a new torrc appears and no Tor
 * runs, it makes Tor's folders, runs the commands of the unit as Tor's user, and clears the runtime
 * folder when Tor has ended. Like the path unit, it takes no notice of changes while Tor runs.
 */
export class TorUnit {
  readonly #options: TorUnitOptions;
  readonly #commands: Commands;
  readonly #watcher: FSWatcher;
  readonly output: string[] = [];
  /** How often Tor was started. */
  starts = 0;
  #tor: ChildProcess | undefined;
  #work: Promise<void> | undefined;
  #stopped = false;

  /** The handover folder must be there. */
  constructor(options: TorUnitOptions) {
    this.#options = options;
    this.#commands = commandsOf(options.folder);
    this.#watcher = watch(unitPlaces(options.folder).handover, (_event, name) => {
      if (name === 'torrc' && !this.#stopped) this.#work ??= this.#life();
    });
  }

  /** Process id of the Tor that runs now. */
  get pid(): number | undefined {
    return this.#tor?.pid;
  }

  /** Ends what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watcher.close();
    this.#tor?.kill('SIGKILL');
    await this.#work;
  }

  async #life(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      this.output.push(String(error));
    } finally {
      await rm(unitPlaces(this.#options.folder).sockets, { recursive: true, force: true });
      this.#tor = undefined;
      this.#work = undefined;
    }
  }

  async #run(): Promise<void> {
    const { folder, user } = this.#options;
    const { home, sockets } = unitPlaces(folder);
    for (const [path, mode] of [
      [home, 0o700],
      [sockets, 0o750],
    ] as const) {
      await mkdir(path, { recursive: true });
      await chmod(path, mode);
      if (user !== undefined) await chown(path, user.uid, user.gid);
    }
    for (const { words, mayFail } of this.#commands.before) {
      const [file = '', ...args] = words;
      await run(file, args, { cwd: '/', ...user }).catch((error: unknown) => {
        if (!mayFail) throw error;
      });
    }
    await this.#spawn();
  }

  async #spawn(): Promise<void> {
    const { under = [], user } = this.#options;
    const umask = ['/bin/sh', '-c', 'umask 0077; exec "$@"', 'sh'];
    const [file = '', ...args] = [...under, ...umask, ...this.#commands.main];
    const options = { cwd: '/', env: { PATH: '/usr/bin:/usr/sbin:/bin' }, ...user };
    const tor = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#tor = tor;
    this.starts += 1;
    for (const stream of [tor.stdout, tor.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.output.push(text));
    }
    if (this.#stopped) tor.kill('SIGKILL');
    await once(tor, 'close');
  }
}
