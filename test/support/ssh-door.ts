import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SSHD = '/usr/sbin/sshd';
const run = promisify(execFile);

/** @returns why there can be no ssh in this test, if so */
export function sshMissing(): string | undefined {
  try {
    for (const program of [SSHD, '/usr/bin/ssh', '/usr/bin/ssh-keygen']) accessSync(program);
    return undefined;
  } catch {
    return 'the Debian package openssh-server is not installed';
  }
}

/** A real sshd behind a unix socket, one process for each visit, as snug-ssh.socket does it. */
export class SshDoor {
  readonly socket: string;
  /** The operator's public key. */
  readonly key: string;
  readonly #folder: string;
  readonly #server: Server;
  /** How often somebody knocked. */
  visits = 0;

  private constructor(folder: string, key: string) {
    this.#folder = folder;
    this.key = key;
    this.socket = join(folder, 'ssh.sock');
    this.#server = createServer({ pauseOnConnect: true }, (visit) => {
      this.visits += 1;
      const sshd = spawn(SSHD, ['-i', '-f', join(folder, 'sshd_config')], {
        stdio: [visit, visit, 'ignore'],
      });
      sshd.once('close', () => visit.destroy());
    });
  }

  /** @param folder made here; @param gid the group that may knock */
  static async open(folder: string, gid: number): Promise<SshDoor> {
    await mkdir(folder, { mode: 0o711 });
    for (const name of ['host', 'operator', 'stranger']) {
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    }
    const key = (await readFile(join(folder, 'operator.pub'), 'utf8')).trim();
    await writeFile(join(folder, 'authorized_keys'), `${key}\n`);
    const config = [
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
    ];
    await writeFile(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
    // Debian's sshd wants this folder before it looks at anything else.
    await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    const door = new SshDoor(folder, key);
    door.#server.listen(door.socket);
    await once(door.#server, 'listening');
    await chown(door.socket, 0, gid);
    await chmod(door.socket, 0o660);
    return door;
  }

  /**
   * @param socksPort of the operator's Tor
   * @param who has a key: `operator` or `stranger`
   * @returns what the command printed
   */
  async visit(host: string, socksPort: number, who: string, command: string): Promise<string> {
    const pipe = fileURLToPath(new URL('socks-pipe.js', import.meta.url));
    const proxy = `ProxyCommand=${process.execPath} ${pipe} ${socksPort} %h %p`;
    const quiet = ['-F', 'none', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'BatchMode=yes'];
    const options = ['-o', 'StrictHostKeyChecking=no', '-o', 'IdentitiesOnly=yes', '-o', proxy];
    const target = `${userInfo().username}@${host}`;
    const identity = ['-i', join(this.#folder, who)];
    const words = [...quiet, ...options, ...identity, target, command];
    return (await run('ssh', words, { timeout: 120_000 })).stdout;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
