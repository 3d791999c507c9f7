import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { codeOf, SnugError } from '../support/errors.js';

/** Below the range (32768 and up) from which Linux takes the near ends of outgoing connections. */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const TRIES_PER_PORT = 50;

/** @returns a server on that port, or undefined when somebody else has it */
async function tryHold(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true });
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES') return undefined;
    throw error;
  }
}

async function hold(count: number, held: Server[]): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < count * TRIES_PER_PORT; tries += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    const server = await tryHold(port);
    if (server === undefined) continue;
    held.push(server);
    ports.push(port);
  }
  return ports;
}

/**
 * Finds ports that nobody listens on. They are all held until the last is found, and let go
 * together, so ask right before they are used.
 *
 * @param count how many
 * @returns different TCP ports of 127.0.0.1, free a moment ago, chosen at random so that two
 *   networks that start together do not meet
 * @throws SnugError NO_FREE_PORTS
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  try {
    const ports = await hold(count, held);
    if (ports.length === count) return ports;
    throw new SnugError('NO_FREE_PORTS', `There are not ${count} free ports on 127.0.0.1.`);
  } finally {
    await Promise.all(held.map((server) => new Promise((done) => server.close(done))));
  }
}
