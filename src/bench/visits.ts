import { once } from 'node:events';
import { dial, type Way } from './dial.js';

/** In milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

const PAUSE_MS = 25;
const REQUEST = 'GET /invite/ HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n';

/** One visitor: a connection, the page, its end. */
async function visit(site: Way): Promise<number> {
  const began = performance.now();
  const socket = await dial(site);
  let head = '';
  socket.on('data', (chunk) => {
    head ||= chunk.toString('latin1', 0, 64);
  });
  socket.write(REQUEST);
  await once(socket, 'end');
  const ms = performance.now() - began;
  socket.destroy();
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(`the site answers: ${head.split('\r')[0]}`);
  return ms;
}

function latency(times: number[]): Latency {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { p50: at(0.5) ?? 0, p99: at(0.99) ?? 0, max: times.at(-1) ?? 0, count: times.length };
}

/**
 * Visitors at a steady pace, whether or not those before them have been served: one that waits
 * keeps nobody from coming.
 *
 * @param more whether another one comes, given how many have come
 */
export async function visits(site: Way, more: (count: number) => boolean): Promise<Latency> {
  const coming: Promise<number>[] = [];
  while (more(coming.length)) {
    const one = visit(site);
    // Reported below; until then nobody listens.
    one.catch(() => undefined);
    coming.push(one);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return latency(await Promise.all(coming));
}
