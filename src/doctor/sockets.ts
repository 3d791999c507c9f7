import { lstat, rm } from 'node:fs/promises';
import { isAnswering } from '../support/unix-socket.js';
import type { Check, Found } from './finding.js';

async function lookAt(path: string, running: boolean): Promise<Found | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) {
    if (!running) return undefined;
    return {
      grave: true,
      what: `The socket ${path} is gone while the relay runs.`,
      reason: 'Nobody can come in through it. Something has emptied the folder of the sockets.',
      remedy: 'Restart the relay, and keep other programs out of that folder.',
    };
  }
  if (!stats.isSocket()) {
    return {
      grave: true,
      what: `${path} is not a socket.`,
      reason: 'The relay would have its own there, and does not remove what it has not made.',
      remedy: 'Move that file away.',
    };
  }
  if (running || (await isAnswering(path))) return undefined;
  return {
    grave: false,
    what: `The socket ${path} was left by a relay that was killed.`,
    reason: 'Nobody listens there. The next start removes it too.',
    remedy: 'Remove it.',
    repair: () => rm(path),
  };
}

/**
 * @param paths of the sockets that a running relay has
 * @param running whether one answers
 */
export function sockets(paths: readonly string[], running: boolean): Check {
  return {
    name: 'sockets',
    async look() {
      const found = await Promise.all(paths.map((path) => lookAt(path, running)));
      return found.filter((one) => one !== undefined);
    },
  };
}
