import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** What a server shows of itself in a TLS handshake. */
export interface Shown {
  readonly socket: TLSSocket;
  /** Why its certificate is not to be trusted for that domain, undefined when it is. */
  readonly distrust: string | undefined;
  /** When the certificate ends, milliseconds since 1970; NaN when it does not say. */
  readonly validUntil: number;
}

/**
 * @param socket connected to the server
 * @param domain for which the certificate must be
 * @param ca certificates of authorities to trust instead of the usual ones, PEM
 * @returns once the handshake is over, whether the certificate is good or not
 * @throws the connection's error, when there is no handshake
 */
export function shakeHands(socket: Socket, domain: string, ca?: string): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      servername: domain,
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
    });
    tls.once('error', reject);
    tls.once('close', () => reject(new Error('the server hung up')));
    tls.once('secureConnect', () => {
      const distrust = tls.authorized ? undefined : String(tls.authorizationError);
      const validUntil = Date.parse(tls.getPeerCertificate().valid_to);
      // From here on whoever uses the connection hears of its errors.
      tls.on('error', () => undefined);
      resolve({ socket: tls, distrust, validUntil });
    });
  });
}

/** The head of an HTTP answer. */
export interface Head {
  readonly status: number;
  readonly location: string | undefined;
  readonly onionLocation: string | undefined;
}

/**
 * Asks for one page and hangs up when the answer begins.
 *
 * @param socket open, TLS or not
 * @throws the connection's error, when no answer comes
 */
export function headOf(socket: Socket, domain: string, path: string): Promise<Head> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { host: domain, path, createConnection: () => socket, headers: { Connection: 'close' } },
      (answer) => {
        const { location, 'onion-location': onion } = answer.headers;
        const onionLocation = typeof onion === 'string' ? onion : undefined;
        resolve({ status: answer.statusCode ?? 0, location, onionLocation });
        socket.destroy();
      },
    );
    // It may have been handed over paused.
    asking.once('socket', () => socket.resume());
    asking.on('error', reject);
    asking.end();
  });
}

/**
 * @param patienceMs how long a server that has nobody behind it gets to show that
 * @returns whether the connection is still open after that
 */
export function staysOpen(socket: Socket, patienceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (open: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(open);
    };
    const timer = setTimeout(() => end(true), patienceMs);
    socket.once('close', () => end(false)).once('error', () => end(false));
    socket.once('end', () => end(false));
    socket.resume();
  });
}
