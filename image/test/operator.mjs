// The operator: has a key, reads on the card how to connect, and comes in over the onion for ssh.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ROOT } from '../../scripts/setup.mjs';
import { must, output } from '../lib/run.mjs';

const DIAL = fileURLToPath(new URL('dial.mjs', import.meta.url));
const TRIES = 12;

/** @returns {Promise<{ file: string, text: string }>} a fresh key pair: its file and public line */
export async function makeKey(folder) {
  const file = join(folder, 'operator');
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', file]);
  return { file, text: readFileSync(`${file}.pub`, 'utf8').trim() };
}

/**
 * A Tor of the operator's, which knows the key that the card told.
 * @param {{ network: object, told: string, folder: string, signal: AbortSignal }} wish `told` is
 *   the text of snug-ssh.txt
 * @returns {Promise<{ host: string, port: number, stop: () => Promise<void> }>} the ssh onion, and
 *   the SOCKS port of that Tor
 */
export async function operatorTor({ network, told, folder, signal }) {
  const [line, name] = /^\s*([a-z2-7]{56}):descriptor:x25519:\S+/m.exec(told) ?? [];
  if (name === undefined) throw new Error(`the card does not say how to connect:\n${told}`);
  const auth = join(folder, 'auth');
  mkdirSync(auth, { mode: 0o700 });
  writeFileSync(join(auth, 'snug.auth_private'), `${line.trim()}\n`, { mode: 0o600 });
  const include = join(folder, 'operator.torrc');
  const common = readFileSync(network.include, 'utf8');
  writeFileSync(include, `${common}\nClientOnionAuthDir ${auth}\n`, { mode: 0o600 });
  const compiled = join(ROOT, 'dist/src/demo/private-client.js');
  const { startPrivateClient } = await import(pathToFileURL(compiled).href);
  const client = await startPrivateClient({
    name: 'operator',
    include,
    folder: join(folder, 'tor'),
    signals: [signal],
  });
  return { host: `${name}.onion`, port: client.socks.port, stop: () => client.stop() };
}

/** @returns {Promise<string>} what a command prints on the card */
export async function ssh({ key, host, port, folder }, ...command) {
  const settings = {
    ProxyCommand: `${process.execPath} ${DIAL} ${port} %h %p`,
    UserKnownHostsFile: join(folder, 'known_hosts'),
    StrictHostKeyChecking: 'accept-new',
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    ConnectTimeout: '180',
  };
  const given = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const args = ['-F', '/dev/null', ...given, '-i', key, `operator@${host}`, ...command];
  for (let tries = 1; ; tries++) {
    try {
      return await output('ssh', args);
    } catch (error) {
      // The onion for ssh may be published later than the other one.
      if (tries === TRIES || !/banner|closed|kex_exchange|timed out/i.test(error.message))
        throw error;
    }
  }
}
