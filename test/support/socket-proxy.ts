import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** systemd's own socket activation and socket proxy, as the unit files have them. */
export interface SocketProxy {
  stop(): Promise<void>;
}

const PROXY = '/lib/systemd/systemd-socket-proxyd';

/**
 * @param port of 127.0.0.1, held from now on
 * @param target unix socket to which each connection goes
 * @returns once it listens
 */
export async function startSocketProxy(port: number, target: string): Promise<SocketProxy> {
  const args = ['--listen', `127.0.0.1:${port}`, PROXY, '--connections-max=64', target];
  const child = spawn('systemd-socket-activate', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the socket proxy ended: ${said.join('; ')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (/^Listening on/.test(line)) resolve();
    });
  });
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}
