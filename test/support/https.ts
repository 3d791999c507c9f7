import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { OnionAnswer } from './onion-http.js';

/** One request to a server on this machine, worded as a test wants it. */
export interface Asked {
  readonly port: number;
  /** For the TLS handshake; undefined: plain HTTP. */
  readonly serverName?: string;
  /** The Host header. */
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** File of the authority to trust, PEM. */
  readonly authority?: string;
}

/** @throws the connection's error, when there is no answer */
export function askHere(asked: Asked): Promise<OnionAnswer> {
  const { port, serverName, host, path, method = 'GET', headers = {}, body, authority } = asked;
  const options = { host: '127.0.0.1', port, path, method, agent: false } as const;
  const head = { Host: host, ...headers };
  return new Promise((resolve, reject) => {
    const asking =
      serverName === undefined
        ? requestHttp({ ...options, headers: head })
        : requestHttps({
            ...options,
            headers: head,
            servername: serverName,
            ...(authority === undefined ? {} : { ca: readFileSync(authority) }),
          });
    asking.on('error', reject).on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('error', reject);
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
      );
    });
    asking.end(body);
  });
}

/** The riddle's form, as a browser sends it. */
export function formOf(captcha: string): Pick<Asked, 'method' | 'headers' | 'body'> {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ captcha }).toString(),
  };
}
