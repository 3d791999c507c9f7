import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { callControl } from '../../src/control/client.js';
import type { Snapshot } from '../../src/status/snapshot.js';
import { PACKAGE_ROOT } from '../../src/support/package.js';
import { unitPlaces } from './tor-unit.js';

/** Nobody's numbers; the kernel needs no names. Tor's group is the relay's too. */
export const RELAY = { uid: 61_201, gid: 61_201 };
export const TOR = { uid: 61_202, gid: 61_202 };

/** @returns path of a Perl script of the tests */
export function perlScript(name: string): string {
  return join(PACKAGE_ROOT, 'test', 'support', `${name}.pl`);
}

/** Makes what tmpfiles.d and the units make on the card, with the users of this file. */
export async function makeFolders(folder: string, include: string, more: string): Promise<string> {
  const { state, run, handover } = unitPlaces(folder);
  await chmod(folder, 0o711);
  await mkdir(state);
  await mkdir(run);
  for (const path of [state, run]) await chown(path, RELAY.uid, RELAY.gid);
  await mkdir(handover);
  await chown(handover, RELAY.uid, TOR.gid);
  await chmod(handover, 0o2750);
  const own = join(folder, 'network.torrc');
  await copyFile(include, own);
  await chmod(own, 0o644);
  const config = join(folder, 'snug.toml');
  const paths = `[paths]\nstate = "${state}"\nrun = "${run}"\n`;
  await writeFile(config, `${paths}[tor]\ninclude = "${own}"\n${more}`, { mode: 0o644 });
  return config;
}

/** @returns the card's firewall, with numbers for users that this machine may not have */
export function firewallHere(): string {
  const rules = readFileSync(join(PACKAGE_ROOT, 'systemd', 'snug.nft'), 'utf8');
  return rules
    .replace(/^include .*$/m, '')
    .replaceAll('"snug-tor"', String(TOR.uid))
    .replaceAll('"_apt"', '61203')
    .replaceAll('"systemd-network"', '61204');
}

/** A line of test/support/confined-relay.ts. */
interface Line {
  readonly probe?: Readonly<Record<string, string>>;
  readonly answer?: string;
  readonly ready?: string;
  readonly line?: string;
  readonly network?: readonly string[];
}

/** A relay in an empty network namespace, as its own user, with unix sockets and nothing else. */
export class ConfinedRelay {
  readonly answers: string[] = [];
  readonly log: string[] = [];
  probe: Readonly<Record<string, string>> = {};
  network: readonly string[] = [];
  readonly #child: ChildProcess;
  readonly #control: string;
  readonly #closed: Promise<unknown>;
  readonly ready: Promise<string>;

  /** @param config of {@link makeFolders} for the same folder */
  constructor(folder: string, config: string) {
    const main = fileURLToPath(new URL('confined-relay.js', import.meta.url));
    const user = ['--reuid', `${RELAY.uid}`, '--regid', `${RELAY.gid}`, '--groups', `${TOR.gid}`];
    const nothing = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
    const words = ['-n', '--', 'setpriv', ...user, ...nothing, '--', 'perl'];
    const program = [perlScript('af-unix-only'), process.execPath, main, config];
    this.#child = spawn('unshare', [...words, ...program], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#control = join(unitPlaces(folder).run, 'control.sock');
    this.#closed = once(this.#child, 'close');
    this.ready = this.#read();
    this.ready.catch(() => undefined);
  }

  async status(): Promise<Snapshot> {
    return (await this.ask('status')) as Snapshot;
  }

  ask(method: string, params: unknown = {}): Promise<unknown> {
    return callControl(this.#control, method, params);
  }

  /** Process id of the relay: unshare, setpriv and the filter replace themselves by it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#closed;
  }

  #read(): Promise<string> {
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('no output');
    createInterface({ input: stderr }).on('line', (line) => this.log.push(line));
    return new Promise((resolve, reject) => {
      createInterface({ input: stdout }).on('line', (text) => {
        const { probe, answer, ready, line, network } = JSON.parse(text) as Line;
        if (probe !== undefined) this.probe = probe;
        if (answer !== undefined) this.answers.push(answer);
        if (line !== undefined) this.log.push(line);
        if (network !== undefined) this.network = network;
        if (ready !== undefined) resolve(ready);
      });
      void this.#closed.then(() => reject(new Error(`the relay ended:\n${this.log.join('\n')}`)));
    });
  }
}
