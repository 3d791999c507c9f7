import type { Socket } from 'node:net';
import { SnugError } from '../support/errors.js';

/**
 * @param socket to read from; ended by the caller
 * @param longest most bytes before the line's end
 * @returns the first line, without its end
 * @throws SnugError CONTROL_BROKEN when the other side closes first, is silent or sends too much
 */
export function readLine(socket: Socket, longest: number, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = () => reject(new SnugError('CONTROL_BROKEN', 'The control connection broke off.'));
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on('error', fail).on('close', fail);
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > longest) {
        socket.destroy();
        return;
      }
      chunks.push(chunk);
      if (!chunk.includes(0x0a)) return;
      const [line = ''] = Buffer.concat(chunks).toString('utf8').split('\n', 1);
      resolve(line);
    });
  });
}
