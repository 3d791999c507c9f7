import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLog } from '../../src/support/log.js';
import type { TorStatus } from '../../src/tor/status.js';
import { TIMINGS, type TorTimings } from '../../src/tor/timings.js';
import { Tor, type TorOptions } from '../../src/tor/tor.js';

const FAKE_TOR = fileURLToPath(new URL('fake-tor.js', import.meta.url));
/** Generous: the machine may be busy with other tests. */
const DEADLINE_MS = 60_000;

/** @returns a new folder that goes with the test */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'snug-tor-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * @param mode of test/support/fake-tor.ts
 * @returns path of a program that says it is Tor
 */
export async function fakeTor(folder: string, mode: string, version = '0.4.9.11'): Promise<string> {
  const path = join(folder, `fake-${mode}`);
  const script = [
    '#!/bin/sh',
    `if [ "$1" = --version ]; then echo "Tor version ${version}."; exit; fi`,
    `exec '${process.execPath}' '${FAKE_TOR}' '${mode}' "$@"`,
  ];
  await writeFile(path, `${script.join('\n')}\n`);
  await chmod(path, 0o755);
  return path;
}

/** A Tor of the room with its folders in one temporary folder, and what it logged. */
export interface TorKit {
  readonly tor: Tor;
  readonly folder: string;
  readonly lines: string[];
}

/** @returns a Tor that is not started; the test stops it and removes its folder */
export async function torKit(
  t: TestContext,
  options: Partial<TorOptions> = {},
  timings: Partial<TorTimings> = {},
): Promise<TorKit> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'snug-tor-')));
  const lines: string[] = [];
  const tor = new Tor(
    {
      binary: undefined,
      include: undefined,
      folder: join(folder, 'tor'),
      run: join(folder, 'run'),
      services: [
        { virtualPort: 80, socket: join(folder, 'web') },
        { virtualPort: 8008, socket: join(folder, 'ssb') },
      ],
      streamsPerCircuit: 20,
      log: createLog({ write: (line) => lines.push(line), journal: false, verbose: true }),
      now: Date.now,
      ...options,
    },
    { ...TIMINGS, retryFirst: 50, ...timings },
  );
  // In one hook, because hooks run in the order in which they were given: a Tor writes until it ends.
  t.after(async () => {
    await tor.stop();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  });
  return { tor, folder, lines };
}

/** @returns the first status that passes, now or later */
export function statusThat(tor: Tor, passes: (status: TorStatus) => boolean): Promise<TorStatus> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      off();
      reject(new Error(`Tor stays at ${JSON.stringify(tor.status())}`));
    }, DEADLINE_MS);
    const look = (status: TorStatus) => {
      if (!passes(status)) return;
      clearTimeout(deadline);
      off();
      resolve(status);
    };
    const off = tor.onChange(look);
    look(tor.status());
  });
}

/** @returns true when there is no such process, or only its unread exit code is left */
export async function isGone(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined || /\) [ZX] /.test(stat);
}

/** No process of this machine has the folder in its command line. */
export async function assertNoProcess(folder: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    assert.ok(!words.includes(folder) || (await isGone(Number(pid))), words);
  }
}
