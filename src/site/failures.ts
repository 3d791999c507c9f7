import { randomBytes } from 'node:crypto';
import type { ErrorRequestHandler } from 'express';
import { codeOf, messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { badFormPage, brokenPage } from './notices.js';
import { sendPage } from './send.js';

/** @returns the 4xx status that express's body parser gave its error, if it was that */
function statusOfBadBody(error: unknown): number | undefined {
  const { status, expose } = (error ?? {}) as { status?: unknown; expose?: unknown };
  if (expose !== true || typeof status !== 'number') return undefined;
  return status >= 400 && status < 500 ? status : undefined;
}

/**
 * The last handler: every error becomes a calm page. Ours go to the log with a random reference
 * that the visitor can pass on, and with nothing about the visitor.
 *
 * @param place the relay's name
 */
export function failures(place: string, log: Log): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    const badBody = statusOfBadBody(error);
    if (badBody === undefined) {
      const reference = randomBytes(4).toString('hex');
      log.error(`reference ${reference}: ${codeOf(error) ?? 'error'}: ${messageOf(error)}`);
      if (res.headersSent) return void res.destroy();
      return sendPage(res, brokenPage(place, reference));
    }
    // What is left of the body is not worth reading.
    res.set('Connection', 'close');
    sendPage(res, badFormPage(place, badBody));
  };
}
