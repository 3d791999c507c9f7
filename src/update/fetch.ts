import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { messageOf, SnugError } from '../support/errors.js';
import { asOnionHost } from '../support/onion-host.js';
import { dialThroughTor } from '../support/tor-dial.js';
import { LARGEST_BUNDLE } from './header.js';

/** A page elsewhere may send us on a few times; release pages do. */
const MOST_REDIRECTS = 5;
/** A circuit may die without a word. */
const SILENCE_MS = 90_000;
const REDIRECTS = [301, 302, 303, 307, 308];

/** What a download needs. */
export interface FetchOptions {
  /** Tor's SOCKS socket. */
  readonly socks: string;
  /** Gets the bytes. */
  readonly sink: Writable;
  /** Aborts at the deadline. */
  readonly signal: AbortSignal;
  /** Certificates to trust besides Node's own; for tests. */
  readonly ca?: string;
}

/**
 * @param text what the operator typed, or a page redirected to
 * @returns the address
 * @throws SnugError BAD_URL unless it is https, or http to an onion, which needs no certificate
 */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const host = url?.hostname ?? '';
  const onion = host.endsWith('.onion');
  const named = host.includes('.') && isIP(host) === 0 && !host.startsWith('[');
  const sound = onion ? asOnionHost(host.split('.').slice(-2).join('.')) !== undefined : named;
  const plain = url?.username === '' && url.password === '';
  const scheme = url?.protocol === 'https:' || (onion && url?.protocol === 'http:');
  if (url !== undefined && sound && plain && scheme) return url;
  throw new SnugError('BAD_URL', 'Updates are fetched from https://… or http://….onion only.', {
    hint: 'Check the address; or copy the bundle here and name the file.',
  });
}

/** A circuit of its own for each host: credentials isolate (IsolateSOCKSAuth). */
async function dial(url: URL, { socks, signal, ca }: FetchOptions): Promise<Socket | TLSSocket> {
  const secure = url.protocol === 'https:';
  const socket = await dialThroughTor({
    socks,
    host: url.hostname,
    port: Number(url.port || (secure ? 443 : 80)),
    circuit: { user: 'snug-update', password: url.hostname },
    timeoutMs: SILENCE_MS,
    signal,
  });
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  if (!secure) return socket;
  const trusted = ca === undefined ? {} : { ca };
  const tls = connectTls({ socket, servername: url.hostname, ...trusted });
  await once(tls, 'secureConnect', { signal });
  return tls;
}

/** TLS is below already, so this is HTTP either way. Nothing says who asks. */
async function get(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  const socket = await dial(url, options);
  const asked = request({
    createConnection: () => socket,
    host: url.hostname,
    path: `${url.pathname}${url.search}`,
    headers: { Host: url.host, Accept: '*/*', Connection: 'close' },
    signal: options.signal,
    timeout: SILENCE_MS,
  });
  // It was handed over paused.
  asked.once('socket', () => socket.resume());
  asked.once('timeout', () => asked.destroy(new Error('nothing came for too long')));
  asked.end();
  const [answer] = (await once(asked, 'response', { signal: options.signal })) as [IncomingMessage];
  return answer;
}

function tooLarge(): Error {
  return new Error('it is larger than any bundle');
}

/** An answer that ends early is an error of the stream (`aborted`), not a short file. */
async function save(answer: IncomingMessage, { sink, signal }: FetchOptions): Promise<void> {
  if (answer.statusCode !== 200) throw new Error(`the server answers ${answer.statusCode}`);
  if (Number(answer.headers['content-length'] ?? 0) > LARGEST_BUNDLE) throw tooLarge();
  let seen = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > LARGEST_BUNDLE) done(tooLarge());
      else done(null, chunk);
    },
  });
  await pipeline(answer, limit, sink, { signal });
}

async function follow(url: URL, options: FetchOptions, left: number): Promise<void> {
  const answer = await get(url, options);
  const { location } = answer.headers;
  if (!REDIRECTS.includes(answer.statusCode ?? 0) || location === undefined) {
    await save(answer, options);
    return;
  }
  answer.destroy();
  if (left === 0) throw new Error('it sends us on and on');
  const next = URL.canParse(location, url) ? new URL(location, url).href : location;
  await follow(parseUrl(next), options, left - 1);
}

/**
 * Downloads a bundle through Tor, and in no other way.
 *
 * @param url as {@link parseUrl} gives it
 * @throws SnugError BAD_URL, or DOWNLOAD_FAILED with the reason
 */
export async function fetchBundle(url: URL, options: FetchOptions): Promise<void> {
  try {
    await follow(url, options, MOST_REDIRECTS);
  } catch (cause) {
    if (cause instanceof SnugError) throw cause;
    throw new SnugError('DOWNLOAD_FAILED', `The download failed: ${messageOf(cause)}.`, {
      hint: 'Try again; "snug status" says whether Tor is well.',
      cause,
    });
  }
}
