import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

/**
 * Sends Tor a command as another program of this user could.
 *
 * @param run the folder of Tor's sockets and cookie
 * @param command one line
 */
export async function askTor(run: string, command: string): Promise<void> {
  const cookie = await readFile(join(run, 'cookie'), 'hex');
  const socket = connect(join(run, 'control'));
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'connect');
  socket.end(`AUTHENTICATE ${cookie}\r\n${command}\r\nQUIT\r\n`);
  await once(socket, 'close');
  if (!/^250 OK\r\n250 OK\r\n/.test(text)) throw new Error(`Tor answers ${text}`);
}
