import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { onlyValue } from './addresses.js';

/** What sets the clearnet's site apart from the onion's. */
export interface ClearnetFront {
  /** The one host that it answers for, in small letters. */
  readonly domain: string;
  /** URL of the same page behind the onion, once that is known. */
  readonly onionPage: () => string | undefined;
  /** Mode of the socket: the proxy runs as another user. */
  readonly socketMode: number;
}

/** A year. Without includeSubDomains: what else the domain has is not ours to decide. */
const HSTS = 'max-age=31536000';
/** RFC 9110, 15.5.20: asked of a server that does not answer for that host. */
const MISDIRECTED = 421;

/**
 * @returns whether the proxy sent this for our domain: a visitor's HTTPS request, which it marks as
 *   such (RFC 7239 calls the same "proto"), and nothing that names another host
 */
function isMeant(req: IncomingMessage, domain: string): boolean {
  const host = (onlyValue(req, 'host') ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
  const ours = host === domain && req.url?.startsWith('/') === true;
  return ours && onlyValue(req, 'x-forwarded-proto') === 'https';
}

/**
 * The first handler on the clearnet socket, before anything is counted or remembered. The proxy
 * checks the host as well; the relay does not rely on it.
 *
 * @param front the domain and its onion page
 */
export function clearnetGate(front: ClearnetFront): RequestHandler {
  return (req, res, next) => {
    if (!isMeant(req, front.domain)) {
      res.set('Connection', 'close');
      return void res.status(MISDIRECTED).end();
    }
    res.set('Strict-Transport-Security', HSTS);
    const onionPage = front.onionPage();
    if (onionPage !== undefined) res.set('Onion-Location', onionPage);
    next();
  };
}
