// `npm run bundle`: makes a signed bundle of this checkout, which `snug update` installs on a card.
//   --key FILE       the private key to sign with
//   --new-key FILE   makes such a key, and its public half in image/release-keys/; nothing else
//   --out FOLDER     where the bundle is put (image/out)
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, needsBuild } from '../scripts/build.mjs';
import { ensurePackages, ROOT, report, SetupError } from '../scripts/setup.mjs';
import { installApp, snugVersion } from './lib/app.mjs';
import { IMAGE } from './lib/layers.mjs';
import { output, say } from './lib/run.mjs';

const KEYS = join(IMAGE, 'release-keys');

const { values: options } = parseArgs({
  options: {
    key: { type: 'string' },
    'new-key': { type: 'string' },
    out: { type: 'string', default: join(IMAGE, 'out') },
  },
});

/** What signs and packs is the code that later checks and unpacks. */
async function compiled(name) {
  await ensurePackages();
  if (needsBuild()) await build();
  return import(new URL(`../dist/src/update/${name}.js`, import.meta.url).href);
}

async function makeKey(file) {
  const { publicKeyText } = await compiled('keys');
  const { privateKey } = generateKeyPairSync('ed25519');
  const name = `${basename(file).replace(/\.[^.]*$/, '')}.pub`;
  // Never over another key: what it has signed would be lost to its cards.
  if (existsSync(file)) throw new SetupError(`${file} is there already.`);
  writeFileSync(join(KEYS, name), publicKeyText(privateKey), { flag: 'wx' });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    flag: 'wx',
    mode: 0o600,
  });
  say(
    `${file} is the private key: keep it, and keep it secret. Commit image/release-keys/${name}.`,
  );
}

async function readKey(file) {
  const { publicKeyText } = await compiled('keys');
  let key;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch {
    throw new SetupError(`${file} holds no private key; --new-key makes one.`);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new SetupError(`${file} is no ed25519 key.`);
  const trusted = readdirSync(KEYS).filter((name) => name.endsWith('.pub'));
  if (!trusted.some((name) => readFileSync(join(KEYS, name), 'utf8') === publicKeyText(key))) {
    say('no card of this checkout trusts this key: its .pub file is not in image/release-keys');
  }
  return key;
}

/** @returns {Promise<number>} when the commit was made, in seconds; the bundle's files are as old */
async function commitEpoch() {
  const given = Number(process.env.SOURCE_DATE_EPOCH);
  if (given > 0) return given;
  return Number(await output('git', ['log', '-1', '--format=%ct'], { cwd: ROOT }));
}

async function makeBundle(keyFile) {
  const privateKey = await readKey(keyFile);
  const { packBundle } = await compiled('pack');
  mkdirSync(options.out, { recursive: true });
  const version = snugVersion();
  const target = join(options.out, `snug-${version}-arm64.bundle`);
  const scratch = mkdtempSync(join(tmpdir(), 'snug-bundle-'));
  try {
    await installApp(scratch);
    say('packing and signing');
    const folder = join(scratch, 'opt', 'snug', version);
    const header = await packBundle({
      folder,
      target,
      arch: 'arm64',
      epoch: await commitEpoch(),
      privateKey,
    });
    const { size, files, sha256 } = header.payload;
    say(`${target}: ${(size / 1e6).toFixed(1)} MB, ${files} files, payload ${sha256}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  if (options['new-key'] !== undefined) await makeKey(options['new-key']);
  else if (options.key !== undefined) await makeBundle(options.key);
  else
    throw new SetupError(
      'A bundle has to be signed: --key FILE. See image/release-keys/README.md.',
    );
} catch (error) {
  process.exitCode = report(error);
}
