import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { messageOf, SnugError } from '../support/errors.js';
import { dialThroughTor } from '../support/tor-dial.js';
import { refusalIn } from './refusals.js';
import { resolveThroughTor } from './resolve.js';

/** Whoever asks sets the deadline; this one is behind it. */
const TIMEOUT_MS = 120_000;

/** The world outside, as somebody sees it who comes out of a Tor exit: the relay has no other way. */
export interface Outside {
  /**
   * @param host a domain name
   * @returns one of its IP addresses
   * @throws SnugError NOT_REACHED with a reason
   */
  resolve(host: string, signal: AbortSignal): Promise<string>;
  /**
   * @returns an open connection, paused
   * @throws SnugError NOT_REACHED with a reason
   */
  connect(host: string, port: number, signal: AbortSignal): Promise<Socket>;
}

/** A password of its own for each question is a circuit of its own (IsolateSOCKSAuth). */
function freshCircuit() {
  return { user: 'snug-check', password: randomUUID() };
}

async function inWords<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const why = signal.aborted ? 'it took too long' : refusalIn(messageOf(cause));
    throw new SnugError('NOT_REACHED', why, { cause });
  }
}

/**
 * @param socks unix socket of our Tor's SocksPort
 * @returns the world as Tor's exits see it; each question takes a circuit of its own
 */
export function outsideThroughTor(socks: string): Outside {
  return {
    resolve: (host, signal) =>
      inWords(signal, resolveThroughTor(socks, host, freshCircuit(), signal)),
    connect: (host, port, signal) => {
      const circuit = freshCircuit();
      const timeoutMs = TIMEOUT_MS;
      return inWords(signal, dialThroughTor({ socks, host, port, circuit, timeoutMs, signal }));
    },
  };
}
