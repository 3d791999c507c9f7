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

/** @returns {Promise<object>} a Tor of the operator's, with the line of the key in its folder */
async function startTor({ network, signal }, line, folder) {
  const auth = join(folder, 'auth');
  mkdirSync(auth, { recursive: true, mode: 0o700 });
  writeFileSync(join(auth, 'snug.auth_private'), `${line}\n`, { mode: 0o600 });
  const include = join(folder, 'operator.torrc');
  const common = readFileSync(network.include, 'utf8');
  writeFileSync(include, `${common}\nClientOnionAuthDir ${auth}\n`, { mode: 0o600 });
  const compiled = join(ROOT, 'dist/src/demo/private-client.js');
  const { startPrivateClient } = await import(pathToFileURL(compiled).href);
  return startPrivateClient({
    name: 'operator',
    include,
    folder: join(folder, 'tor'),
    signals: [signal],
  });
}

/** @returns {string[]} the arguments of ssh, but for the command */
function sshArguments({ key, socksPort, host, folder }) {
  const settings = {
    ProxyCommand: `${process.execPath} ${DIAL} ${socksPort} %h %p`,
    UserKnownHostsFile: join(folder, 'known_hosts'),
    StrictHostKeyChecking: 'accept-new',
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    ConnectTimeout: '180',
  };
  const given = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['-F', '/dev/null', ...given, '-i', key, `operator@${host}`];
}

/**
 * The operator, on another computer: their own Tor knows the key that the card told.
 * @param {object} wish network, signal and key of the world; `told`, the text of snug-ssh.txt;
 *   `folder`, made here
 * @returns {Promise<{ run(...command: string[]): Promise<string>,
 *   give(input: Buffer, ...command: string[]): Promise<string>, stop(): Promise<void> }>} what a
 *   command prints on the card, without and with something to read
 */
export async function comeIn({ network, signal, key, told, folder }) {
  const [line, name] = /^\s*([a-z2-7]{56}):descriptor:x25519:\S+/m.exec(told) ?? [];
  if (name === undefined) throw new Error(`the card does not say how to connect:\n${told}`);
  const tor = await startTor({ network, signal }, line.trim(), folder);
  const host = `${name}.onion`;
  const args = sshArguments({ key: key.file, socksPort: tor.socks.port, host, folder });
  const give = async (input, ...command) => {
    for (let tries = 1; ; tries++) {
      try {
        return await output('ssh', [...args, ...command], { input, signal });
      } catch (error) {
        // The onion for ssh may be published later than the other one.
        const early = /banner|Connection closed|kex_exchange|timed out/i.test(error.message);
        if (tries === TRIES || !early) throw error;
      }
    }
  };
  return { give, run: (...command) => give('', ...command), stop: () => tor.stop() };
}
