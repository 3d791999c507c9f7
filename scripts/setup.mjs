// Makes a checkout ready to run: packages from the lockfile, programs from the distribution, the
// compiled code. Plain JavaScript without packages, since it runs before there are any. Nothing
// happens on import, and everything that others print goes to stderr: stdout belongs to the command.
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Programs that no npm package brings, and the Debian packages that do. */
export const PROGRAMS = {
  tor: { programs: ['tor', 'tor-gencert'], aptPackage: 'tor' },
  browser: { programs: ['firefox-esr'], aptPackage: 'firefox-esr' },
  chromium: { programs: ['chromium'], aptPackage: 'chromium' },
  openssl: { programs: ['openssl'], aptPackage: 'openssl' },
  certutil: { programs: ['certutil'], aptPackage: 'libnss3-tools' },
  // Debian's package would start a web server for everybody on port 80; we run our own.
  proxy: { programs: ['caddy'], aptPackage: 'caddy', keepOff: 'caddy.service' },
  socketProxy: { programs: ['systemd-socket-activate'], aptPackage: 'systemd' },
  // The relay as it is on the card: in a network namespace, behind a firewall, over a bridge.
  addresses: { programs: ['ip'], aptPackage: 'iproute2' },
  firewall: { programs: ['nft'], aptPackage: 'nftables' },
  bridge: { programs: ['obfs4proxy'], aptPackage: 'obfs4proxy' },
  // The rest builds and boots the card (image/).
  root: { programs: ['mmdebstrap'], aptPackage: 'mmdebstrap' },
  foreign: { programs: ['qemu-aarch64-static'], aptPackage: 'qemu-user-static' },
  foreignTest: { programs: ['arch-test'], aptPackage: 'arch-test' },
  fat: { programs: ['mkfs.vfat'], aptPackage: 'dosfstools' },
  fatFiles: { programs: ['mcopy'], aptPackage: 'mtools' },
  ext4: { programs: ['mke2fs', 'debugfs'], aptPackage: 'e2fsprogs' },
  partitions: { programs: ['sfdisk'], aptPackage: 'fdisk' },
  capabilities: { programs: ['getcap'], aptPackage: 'libcap2-bin' },
  zstd: { programs: ['zstd'], aptPackage: 'zstd' },
  xz: { programs: ['xz'], aptPackage: 'xz-utils' },
  board: { programs: ['qemu-system-aarch64'], aptPackage: 'qemu-system-arm' },
  ssh: { programs: ['ssh', 'ssh-keygen'], aptPackage: 'openssh-client' },
};

/** What `npm test` needs. */
export const TEST_NEEDS = [
  'tor',
  'browser',
  'chromium',
  'openssl',
  'certutil',
  'proxy',
  'socketProxy',
  'addresses',
  'firewall',
  'bridge',
];

/** What image/build.mjs and image/test need. */
export const IMAGE_NEEDS = [
  'root',
  'foreign',
  'foreignTest',
  'fat',
  'fatFiles',
  'ext4',
  'partitions',
  'capabilities',
  'zstd',
  'xz',
];

/** Debian keeps tor and apt-get's helpers here, and leaves them out of an ordinary user's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin'];
const OLDEST_NODE = 20;

/** What went wrong and what to do, for people: printed without a stack. */
export class SetupError extends Error {}

/** @throws SetupError when this Node is too old */
export function checkNode(version = process.versions.node) {
  if (Number(version.split('.')[0]) >= OLDEST_NODE) return;
  throw new SetupError(
    `Snug needs Node ${OLDEST_NODE} or newer; this is Node ${version}. Debian 13 has one: apt-get install nodejs npm. Older systems: https://nodejs.org/`,
  );
}

/** @returns {boolean} whether a program of this name can be run */
export function hasProgram(name, searchPath = process.env.PATH ?? '') {
  const folders = [...searchPath.split(delimiter).filter(isAbsolute), ...SYSTEM_FOLDERS];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a program to its end, its whole output on stderr.
 * @returns {Promise<number>} its exit code; 127 when it could not be started
 */
export function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 2, 2], ...options });
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** How this machine is asked; tests put their own in its place. */
export const MACHINE = {
  run,
  hasProgram,
  isRoot: () => process.getuid?.() === 0,
  say: (text) => process.stderr.write(`setup: ${text}\n`),
};

/**
 * @returns {Promise<string[] | undefined>} what stands before `apt-get`, undefined when it may not
 *   be run without a password
 */
async function aptPrefix(machine) {
  if (machine.isRoot()) return [];
  if (!machine.hasProgram('sudo')) return undefined;
  const quiet = { stdio: 'ignore' };
  return (await machine.run('sudo', ['-n', 'true'], quiet)) === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * Installs what is missing, where apt-get may be run.
 * @param {import('./setup.mjs').Need[]} needs
 * @throws SetupError that names what is missing and the command that installs it
 */
export async function ensure(needs, machine = MACHINE) {
  const missing = needs.filter(
    (need) => !PROGRAMS[need].programs.every((p) => machine.hasProgram(p)),
  );
  if (missing.length === 0) return;
  const packages = missing.map((need) => PROGRAMS[need].aptPackage);
  const words = packages.join(' and ');
  if (!machine.hasProgram('apt-get')) {
    throw new SetupError(`Missing: ${words}. There is no apt-get here; install it another way.`);
  }
  const byHand = `apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`;
  const prefix = await aptPrefix(machine);
  if (prefix === undefined) throw new SetupError(`Missing: ${words}. Run as root: ${byHand}`);
  machine.say(`installing ${words}`);
  const apt = (...args) => {
    const words = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...args];
    const [file, ...rest] = [...prefix, ...words];
    return machine.run(file, rest);
  };
  for (const { keepOff } of missing.map((need) => PROGRAMS[need])) {
    if (keepOff === undefined || !machine.hasProgram('systemctl')) continue;
    machine.say(`keeping ${keepOff} off ("systemctl unmask ${keepOff}" undoes that)`);
    const [file, ...rest] = [...prefix, 'systemctl', 'mask', keepOff];
    await machine.run(file, rest);
  }
  // Without fresh lists the installation may still work, so only its own result counts.
  await apt('update');
  const options = ['-o', 'DPkg::Lock::Timeout=300', '--no-install-recommends'];
  const code = await apt('install', '-y', ...options, ...packages);
  if (code !== 0) {
    throw new SetupError(`apt-get could not install ${words} (see above). By hand: ${byHand}`);
  }
}

/**
 * @param {object} lock parsed package-lock.json
 * @param {object} installed parsed node_modules/.package-lock.json, which npm writes last
 * @returns {boolean} whether exactly the packages of the lockfile are installed
 */
export function treeMatches(lock, installed) {
  const wanted = Object.entries(lock.packages ?? {}).filter(([path]) => path !== '');
  const present = installed.packages ?? {};
  const same = wanted.every(([path, entry]) => {
    const found = present[path];
    // npm leaves out optional packages for other processors and systems.
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
  const known = new Set(wanted.map(([path]) => path));
  return same && Object.keys(present).every((path) => known.has(path));
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Runs `npm ci`, without scripts, unless node_modules holds what the lockfile says. */
export async function ensurePackages(machine = MACHINE, root = ROOT) {
  const lock = readJson(join(root, 'package-lock.json'));
  if (lock === undefined) throw new SetupError('package-lock.json is missing or damaged.');
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'));
  if (installed !== undefined && treeMatches(lock, installed)) return;
  machine.say('installing the packages of package-lock.json');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // Inside `npm run`, the very npm that runs us.
  const npm = process.env.npm_execpath;
  const [file, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  // --include: with NODE_ENV=production npm would leave out the compiler.
  const code = await machine.run(file, [...first, 'ci', '--include=dev', ...options], {
    cwd: root,
  });
  if (code !== 0) throw new SetupError(`npm ci failed with code ${code} (see above).`);
}

/** Prints an error of setup for people, any other one whole; @returns the exit code */
export function report(error) {
  const text = error instanceof SetupError ? error.message : (error?.stack ?? String(error));
  process.stderr.write(`setup: ${text}\n`);
  return 1;
}
