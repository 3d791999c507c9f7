import { type IncomingMessage, request } from 'node:http';
import type { Dial } from './ssb-peer.js';

/** An answer of the site, read to its end. */
export interface OnionAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/**
 * One HTTP request over Tor, on a connection of its own.
 *
 * @param dial how onions are reached
 * @param url of the page; its host is dialled on port 80
 * @param options.form sent as a POST; `cookie` as the browser would return it; other `headers`
 */
export async function askOnion(
  dial: Dial,
  url: string,
  options: {
    form?: Record<string, string>;
    cookie?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<OnionAnswer> {
  const { host, pathname } = new URL(url);
  const socket = await dial(host, 80);
  const body = options.form === undefined ? undefined : String(new URLSearchParams(options.form));
  const headers = {
    Connection: 'close',
    ...options.headers,
    ...(options.cookie === undefined ? {} : { Cookie: options.cookie }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
  };
  const method = body === undefined ? 'GET' : 'POST';
  return await new Promise((resolve, reject) => {
    const asking = request(
      { host, path: pathname, method, headers, createConnection: () => socket },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

/** @returns the cookies that an answer sets, as a browser sends them back */
export function cookieOf(answer: OnionAnswer): string {
  return (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
}
