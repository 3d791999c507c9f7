import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf, SnugError } from '../support/errors.js';
import type { OnionHost } from '../support/onion-host.js';
import { dialThroughTor } from '../support/tor-dial.js';

/** What the relay's visit to itself needs. */
export interface VisitPlan {
  /** Unix socket of our Tor's SocksPort. */
  readonly socksPath: string;
  readonly host: OnionHost;
  readonly port: number;
  /** Of the page, such as `/invite/`. */
  readonly path: string;
  /** Sent along; the site knows its own visitor by them. */
  readonly headers: Readonly<Record<string, string>>;
  /** @returns why it is not our page, as a sentence; undefined when it is */
  readonly check: (answer: VisitAnswer) => string | undefined;
  /** For the whole visit, in milliseconds. */
  readonly deadlineMs: number;
}

/** What came back. */
export interface VisitAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Our page has some 20 kB. */
const LARGEST_PAGE = 262_144;
/** How the socks package puts Tor's reply; it has no names for those of `ExtendedErrors` (tor(1)). */
const REPLY = /rejected connection - (\w+)/;
const REASONS: Readonly<Record<string, string>> = {
  HostUnreachable: 'the network did not carry it',
  ConnectionRefused: 'nobody answers behind the onion address',
  TTLExpired: 'it took too long',
  undefined: 'the onion address was not found, or its introduction points let nobody through',
};

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return REASONS[REPLY.exec(message)?.[1] ?? ''] ?? message;
}

function ask(plan: VisitPlan, socket: Socket, signal: AbortSignal): Promise<IncomingMessage> {
  const { host, path, headers } = plan;
  return new Promise((resolve, reject) => {
    request({
      host,
      path,
      headers: { ...headers, Connection: 'close' },
      createConnection: () => socket,
      signal,
    })
      .once('response', resolve)
      // It was handed over paused.
      .once('socket', () => socket.resume())
      .once('error', reject)
      .end();
  });
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_PAGE) throw new Error('the page has no end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function fetchPage(plan: VisitPlan, signal: AbortSignal): Promise<VisitAnswer> {
  const socket = await dialThroughTor({
    socks: plan.socksPath,
    host: plan.host,
    port: plan.port,
    // A name of its own for each visit is a circuit of its own.
    circuit: { user: 'snug-self', password: randomUUID() },
    timeoutMs: plan.deadlineMs,
    signal,
  });
  try {
    const answer = await ask(plan, socket, signal);
    const body = await readAll(answer);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body };
  } finally {
    socket.destroy();
  }
}

/**
 * Fetches one of our own pages as a visitor would: from our Tor's SOCKS socket over a fresh circuit
 * to the onion address, and so back to us.
 *
 * @param plan which page, and how it is known for ours
 * @param signal gives up
 * @throws SnugError VISIT_FAILED when nothing came through in time, VISIT_PAGE when something did
 *   that is not our page; the signal's reason when aborted
 */
export async function visitSelf(plan: VisitPlan, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(plan.deadlineMs);
  const answer = await fetchPage(plan, AbortSignal.any([signal, deadline])).catch((cause) => {
    signal.throwIfAborted();
    const seconds = Math.ceil(plan.deadlineMs / 1000);
    const why = deadline.aborted ? `nothing came within ${seconds} s` : reasonOf(cause);
    throw new SnugError('VISIT_FAILED', why, { cause });
  });
  const fault = plan.check(answer);
  if (fault !== undefined) throw new SnugError('VISIT_PAGE', fault);
}
