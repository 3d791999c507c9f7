import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A certificate that is its own authority. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A mail that the server took. */
export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  /** How the client introduced itself. */
  readonly greeting: string;
  readonly user: string | undefined;
  readonly secure: boolean;
  readonly raw: string;
}

/** A real SMTP server in this process. */
export interface MailServer {
  readonly received: readonly Received[];
  /** Connections so far. */
  readonly connections: number;
  /** What clients said, without the mails. */
  readonly commands: readonly string[];
  stop(): Promise<void>;
}

/** The account of the tests. */
export const USER = 'me@example.org';
export const PASSWORD = 'correct horse battery';

/**
 * @param folder for its files
 * @param name of the host that it is for; an IPv4 address is one too
 */
export async function makeCertificate(folder: string, name: string): Promise<Certificate> {
  const key = join(folder, `${name}.key`);
  const cert = join(folder, `${name}.crt`);
  const kind = /^[\d.]+$/.test(name) ? 'IP' : 'DNS';
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=snug test'],
    ...['-addext', `subjectAltName=${kind}:${name}`],
  ]);
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}

/**
 * @param where a unix socket, or 0 for a free port of 127.0.0.1
 * @param options of smtp-server, over what suits most tests
 */
export async function startMailServer(
  where: string | 0,
  options: SMTPServerOptions = {},
): Promise<MailServer & { port: number }> {
  const received: Received[] = [];
  const commands: string[] = [];
  let connections = 0;
  const note = (entry: unknown, _: string, ...values: unknown[]) => {
    if ((entry as { tnx?: unknown } | undefined)?.tnx === 'command')
      commands.push(values.join(' '));
  };
  const quiet = () => undefined;
  const server = new SMTPServer({
    disableReverseLookup: true,
    authOptional: true,
    closeTimeout: 100,
    logger: { debug: note, info: quiet, warn: quiet, error: quiet, fatal: quiet, trace: quiet },
    onAuth: ({ username, password }, _session, done) => {
      if (username === USER && password === PASSWORD) done(null, { user: username });
      else done(new Error(`no ${username} with ${password} here`));
    },
    onConnect: (_session, done) => {
      connections += 1;
      done();
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false || mailFrom === undefined ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          greeting: String(session.hostNameAppearsAs),
          user: typeof session.user === 'string' ? session.user : undefined,
          secure: session.secure,
          raw: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', quiet);
  const listening = once(server.server, 'listening');
  if (where === 0) server.listen(0, '127.0.0.1');
  else server.listen(where);
  await listening;
  const address = server.server.address();
  return {
    received,
    commands,
    get connections() {
      return connections;
    },
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
