import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { dialThroughTor } from '../support/tor-dial.js';
import { inWords, unreachable } from './failures.js';
import { render, type StampedLetter } from './letter.js';
import type { SessionTimings } from './limits.js';
import { readPassword } from './password.js';
import type { MailSettings } from './settings.js';

/** Options of {@link Smtp}. */
export interface SmtpOptions {
  readonly settings: MailSettings;
  /** Unix socket of our Tor's SocksPort. */
  readonly socks: string;
  readonly timings: SessionTimings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A certificate authority besides those of Node, as PEM; for tests. */
  readonly authority?: string;
}

/** What nodemailer would otherwise send is the name of this machine (RFC 5321, 4.1.3). */
const WHO_WE_ARE = '[127.0.0.1]';
/** A whole answer of the server. */
const LONGEST_ANSWER = 64 * 1024;

/** Speaks to the mail server: one session for each letter, every byte of it through Tor. */
export class Smtp {
  readonly #options: SmtpOptions;

  constructor(options: SmtpOptions) {
    this.#options = options;
  }

  /**
   * @param letter to be sent
   * @param signal ends the session
   * @param deadline other than the usual for the whole session, in milliseconds
   * @returns once the server has taken responsibility for it
   * @throws SnugError MAIL_*, in words for the operator; about this letter alone are MAIL_REFUSED
   *   (for good, its recipient), MAIL_NOT_TAKEN (for good, its sender or content), MAIL_DEFERRED
   *   and MAIL_UNSURE (it may have arrived)
   */
  async send(letter: StampedLetter, signal: AbortSignal, deadline?: number): Promise<void> {
    const { settings, timings, now } = this.#options;
    const login = this.#login();
    const inTime = AbortSignal.timeout(deadline ?? timings.whole);
    const until = AbortSignal.any([signal, inTime]);
    const mail = { ...render(letter, settings, now()), signal: until };
    let handedOver = false;
    const onHandedOver = () => {
      handedOver = true;
    };
    try {
      await this.#session(mail, login, until, onHandedOver);
    } catch (error) {
      throw inWords(error, {
        server: settings.server,
        secrets: login === undefined ? [] : [login.pass, login.user],
        late: inTime.aborted,
        handedOver,
      });
    }
  }

  #login(): { user: string; pass: string } | undefined {
    const { settings } = this.#options;
    if (settings.user === undefined) return undefined;
    return { user: settings.user, pass: readPassword(settings) };
  }

  /**
   * nodemailer gets a socket that is open already, or an error, and so never dials by itself. It is
   * asked for when the mail is ready: a server that hangs up at once is then noticed.
   */
  async #session(
    mail: SendMailOptions,
    login: { user: string; pass: string } | undefined,
    signal: AbortSignal,
    onHandedOver: () => void,
  ): Promise<void> {
    const { settings, timings } = this.#options;
    let connection: Socket | undefined;
    try {
      const transport = createTransport({
        getSocket: (_, done) => {
          this.#dial(signal).then((socket) => {
            connection = socket;
            done(null, { connection });
          }, done);
        },
        host: settings.server,
        port: settings.port,
        name: WHO_WE_ARE,
        ...this.#encryption(),
        // Without it, a server that offers no login would be sent the mail all the same.
        ...(login === undefined ? {} : { auth: login, forceAuth: true }),
        connectionTimeout: timings.whole,
        greetingTimeout: timings.greeting,
        socketTimeout: timings.silence,
        maxResponseSize: LONGEST_ANSWER,
        disableFileAccess: true,
        disableUrlAccess: true,
        logger: false,
      });
      transport.use('stream', ({ message }, done) => {
        // Read to its end only after the server has asked for the mail.
        message.transform(() => new PassThrough().once('end', onHandedOver));
        done();
      });
      await transport.sendMail(mail);
    } finally {
      connection?.destroy();
    }
  }

  async #dial(signal: AbortSignal): Promise<Socket> {
    const { settings, socks, timings } = this.#options;
    const { server: host, port } = settings;
    const circuit = { user: 'snug-mail', password: host.slice(0, 255) };
    try {
      return await dialThroughTor({ socks, host, port, circuit, timeoutMs: timings.dial, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(host, error);
    }
  }

  #encryption() {
    const { settings, authority } = this.#options;
    const { tls, tlsName } = settings;
    if (tls === 'none') return { secure: false, ignoreTLS: true };
    return {
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      tls: {
        minVersion: 'TLSv1.2' as const,
        ...(tlsName === undefined ? {} : { servername: tlsName }),
        ...(authority === undefined ? {} : { ca: authority }),
      },
    };
  }
}
