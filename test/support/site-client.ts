import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';

/** What came back for one request. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Header names and values as sent, in order. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** Text of the page's title, entities decoded; undefined when there is none. */
  readonly title: string | undefined;
}

/** One request, as a test words it. */
export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** @returns the line that Tor sends ahead of a connection of this circuit, with its line end */
export function proxyLine(circuit: number, port = 80): string {
  const high = Math.floor(circuit / 0x10000).toString(16);
  const low = (circuit % 0x10000).toString(16);
  return `PROXY TCP6 fc00:dead:beef:4dad::${high}:${low} ::1 ${circuit} ${port}\r\n`;
}

/** @returns a fresh connection to the unix socket that has sent its PROXY line */
export function connectAs(socketPath: string, circuit: number): Socket {
  const socket = connect(socketPath);
  socket.write(proxyLine(circuit));
  return socket;
}

function decode(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** @returns all cookies that the answer sets, each as `name=value` */
export function cookiesOf(answer: Answer): string[] {
  return (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '');
}

/**
 * Asks the site as Tor would: one connection, PROXY line first, then HTTP.
 *
 * @throws the connection's error, when the site hangs up without an answer
 */
export function ask(socketPath: string, circuit: number, wanted: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        createConnection: () => connectAs(socketPath, circuit),
        method: wanted.method ?? 'GET',
        path: wanted.path,
        headers: { Host: 'example.onion', Connection: 'close', ...wanted.headers },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        incoming.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          const title = /<title>([^<]*)<\/title>/.exec(body)?.[1];
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            rawHeaders: incoming.rawHeaders,
            body,
            title: title === undefined ? undefined : decode(title),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(wanted.body);
  });
}

/** A browser with a cookie jar for this one site, on a circuit of its own. */
export class Visitor {
  readonly #socketPath: string;
  readonly #circuit: number;
  cookie: string | undefined;

  constructor(socketPath: string, circuit: number) {
    this.#socketPath = socketPath;
    this.#circuit = circuit;
  }

  /** Sends the cookie along and keeps the one that comes back. */
  async ask(wanted: Ask): Promise<Answer> {
    const cookie: Record<string, string> = this.cookie === undefined ? {} : { Cookie: this.cookie };
    const answer = await ask(this.#socketPath, this.#circuit, {
      ...wanted,
      headers: { ...cookie, ...wanted.headers },
    });
    this.cookie = cookiesOf(answer)[0] ?? this.cookie;
    return answer;
  }

  get(path: string): Promise<Answer> {
    return this.ask({ path });
  }

  /** Sends the riddle's form. */
  answer(captcha: string): Promise<Answer> {
    return this.ask({
      method: 'POST',
      path: '/invite/invite-captcha-reponse',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ captcha }).toString(),
    });
  }
}
