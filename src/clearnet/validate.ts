import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf, messageOf, SnugError } from '../support/errors.js';
import { renderCaddyfile } from './caddyfile.js';
import type { ClearnetPlan } from './plan.js';

/** What came of it: `sound`, or why nobody knows. */
export type Validation = 'sound' | 'no-caddy' | 'no-certificate';

/** Where Debian's package has it, and the unit looks for it. */
const CADDY = '/usr/bin/caddy';
/** A cold start from a slow memory card. */
const DEADLINE_MS = 60_000;
const LARGEST_OUTPUT = 1024 * 1024;

const run = promisify(execFile);

async function isMissing(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => false,
    () => true,
  );
}

/** As systemd would hand them over. */
async function lendCertificate({ tls }: ClearnetPlan, folder: string): Promise<boolean> {
  if (tls.kind !== 'files') return true;
  await mkdir(folder);
  for (const [name, path] of [
    ['certificate', tls.certificate],
    ['key', tls.key],
  ] as const) {
    if (await isMissing(path, constants.R_OK)) return false;
    await symlink(path, join(folder, name));
  }
  return true;
}

/** Its last line says what is wrong; those before it are a log. */
function wordsOf(error: unknown): string {
  const { stderr, killed } = (error ?? {}) as { stderr?: unknown; killed?: unknown };
  if (killed === true) return 'it did not come to an end';
  const lines = typeof stderr === 'string' ? stderr.trim().split('\n') : [];
  return lines.at(-1)?.replace(/^Error: /, '') || messageOf(error);
}

/**
 * Has the proxy check its own configuration. It makes what it needs while it does that, such as an
 * authority of its own, so it gets a folder for certificates that goes away again.
 *
 * @param plan what the proxy is to do
 * @param signal ends it
 * @param caddy absolute path of the program
 * @throws SnugError CLEARNET_NOT_VALID with the proxy's words
 */
export async function validateCaddyfile(
  plan: ClearnetPlan,
  signal: AbortSignal,
  caddy = CADDY,
): Promise<Validation> {
  if (await isMissing(caddy, constants.X_OK)) return 'no-caddy';
  const folder = await mkdtemp(join(tmpdir(), 'snug-caddy-'));
  try {
    const credentials = join(folder, 'credentials');
    if (!(await lendCertificate(plan, credentials))) return 'no-certificate';
    await writeFile(join(folder, 'Caddyfile'), renderCaddyfile({ ...plan, storage: 'storage' }));
    const env = {
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      CREDENTIALS_DIRECTORY: credentials,
    };
    const limits = { timeout: DEADLINE_MS, maxBuffer: LARGEST_OUTPUT, signal };
    const args = ['validate', '--config', 'Caddyfile', '--adapter', 'caddyfile'];
    await run(caddy, args, { cwd: folder, env, ...limits });
    return 'sound';
  } catch (cause) {
    signal.throwIfAborted();
    if (codeOf(cause)?.startsWith('CLEARNET_')) throw cause;
    throw new SnugError('CLEARNET_NOT_VALID', `caddy refuses its files: ${wordsOf(cause)}.`, {
      hint: 'They are written all the same. Check [clearnet] in the configuration, and the files it names.',
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
