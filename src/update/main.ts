import { execFile } from 'node:child_process';
import * as v from 'valibot';
import { callControl } from '../control/client.js';
import { codeOf, hintOf, messageOf, SnugError } from '../support/errors.js';
import { apply } from './apply.js';
import { fetchBundle, parseUrl } from './fetch.js';
import { Notes, type Outcome } from './notes.js';
import { placesBelow } from './places.js';
import { freeBytes } from './prepare.js';
import { receive } from './receive.js';
import { settle } from './settle.js';
import { type Standing, SystemRelay } from './system-relay.js';

/*
 * What `snug update` and its units run: `receive`, `back` (root, for the operator), `apply` and
 * `settle` (root, by systemd), `fetch` (the relay's user). Small, so that root runs little.
 */

const UNIT = 'snug-update.service';
const MINUTE = 60_000;
const places = placesBelow('/');
const ground = { places, arch: process.arch, free: freeBytes };
const notes = new Notes(places.spool);
/** The journal reads it too. */
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function systemctl(args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    execFile('systemctl', [...args], (error) => {
      resolve(error === null ? 0 : typeof error.code === 'number' ? error.code : 1);
    });
  });
}

const STANDING = v.object({ version: v.string(), ready: v.boolean() });

async function standing(): Promise<Standing | undefined> {
  try {
    return v.parse(STANDING, await callControl(places.control, 'status', {}));
  } catch {
    return undefined;
  }
}

const relay = new SystemRelay({
  systemctl,
  standing,
  now: () => performance.now(),
  patience: 10 * MINUTE,
  pause: 2000,
});

/** What is said when the unit has ended without a word: it was killed. */
const INTERRUPTED = {
  code: 'UPDATE_INTERRUPTED',
  message: 'The update was interrupted.',
  hint: 'The card goes back to the version before; "snug update" says when it has.',
};

/** Says how it went. @throws SnugError unless it was updated */
function conclude(outcome: Outcome | undefined): void {
  if (outcome?.result === 'updated') {
    say(`Snug ${outcome.to} is in use and ready.`);
    return;
  }
  const { code = 'INTERNAL', message = outcome?.result ?? '', hint } = outcome ?? INTERRUPTED;
  throw new SnugError(code, message, hint === undefined ? {} : { hint });
}

async function refuseSecond(): Promise<void> {
  if ((await systemctl(['is-failed', '--quiet', UNIT])) === 0)
    await systemctl(['reset-failed', UNIT]);
  // A unit of type oneshot is "activating" as long as it runs.
  const busy = new Promise<boolean>((resolve) => {
    execFile('systemctl', ['show', '--property=ActiveState', '--value', UNIT], (_error, stdout) =>
      resolve(stdout.trim() === 'activating'),
    );
  });
  if (!(await busy)) return;
  throw new SnugError('UPDATE_RUNNING', 'Another update is going on.', {
    hint: '"snug update" says how it went, in some minutes.',
  });
}

/** In a unit of its own: Tor starts anew with the relay, and ssh through Tor ends with it. */
async function hand(what: string): Promise<void> {
  say(`${what} The relay starts anew; this takes some minutes.`);
  say('Does ssh break off, come back in some minutes and type: snug update');
  await systemctl(['start', UNIT]);
  conclude(await notes.outcome());
}

const VERBS: Readonly<Record<string, (words: readonly string[]) => Promise<void>>> = {
  async receive(words) {
    await refuseSecond();
    const version = await receive(process.stdin, words.includes('--allow-downgrade'), ground);
    await hand(`Snug ${version} is signed by a key that this card trusts.`);
  },
  async back() {
    await refuseSecond();
    await notes.ask({ action: 'back' });
    await hand('Back to the version before.');
  },
  async apply() {
    const step = (name: string) => say(`update: ${name}`);
    const outcome = await apply({ ...ground, relay, step });
    if (outcome !== undefined) conclude(outcome);
  },
  async settle() {
    const outcome = await settle(places, relay);
    if (outcome?.message !== undefined) say(outcome.message);
  },
  async fetch([text = '']) {
    const signal = AbortSignal.timeout(60 * MINUTE);
    await fetchBundle(parseUrl(text), { socks: places.socks, sink: process.stdout, signal });
  },
};

/** As those of the `snug` command (cli/exit-codes.ts). */
function exitCode(error: unknown): number {
  if (!(error instanceof SnugError) || codeOf(error) === 'INTERNAL') return 70;
  return ['UPDATE_WENT_BACK', INTERRUPTED.code].includes(error.code) ? 69 : 65;
}

// What is unpacked is for all to read, whatever the caller's umask; secrets get their mode by name.
process.umask(0o022);
const [verb = '', ...words] = process.argv.slice(2);
try {
  const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (run === undefined) throw new SnugError('USAGE', 'This is run by "snug update".');
  await run(words);
} catch (error) {
  say(`snug: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint !== undefined) say(`  ${hint}`);
  process.exitCode = exitCode(error);
}
