import { SnugError } from '../support/errors.js';

/** One whole reply or event of the control protocol (control-spec, "Replies from Tor"). */
export interface ControlReply {
  /** Three digits; 650 is an event, 2xx is good, 4xx and 5xx are refusals. */
  readonly code: string;
  /** Texts of its lines; the data of a `250+` line follow its text after a line feed. */
  readonly lines: readonly string[];
}

/** What we ask for has lines of some hundred bytes. */
const LONGEST_LINE = 16_384;
const LARGEST_REPLY = 262_144;

/** @returns an error that says the other end does not speak the control protocol */
export function protocolError(what: string): SnugError {
  return new SnugError('CONTROL_PROTOCOL', `Tor's control socket sent ${what}.`, {
    hint: 'If it happens again, another program may be answering there: stop it, then restart.',
  });
}

/** Collects bytes until they are whole replies, wherever they were split; never holds more than one. */
export class ReplyFramer {
  #rest: Buffer = Buffer.alloc(0);
  #code: string | undefined;
  #lines: string[] = [];
  #data: string[] | undefined;
  #size = 0;

  /**
   * @param chunk as read from the socket
   * @returns the replies that it completes, in order
   * @throws SnugError CONTROL_PROTOCOL on anything else; the framer is of no use afterwards
   */
  push(chunk: Buffer): ControlReply[] {
    const replies: ControlReply[] = [];
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const reply = this.#line(bytes.subarray(start, end));
      if (reply !== undefined) replies.push(reply);
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    if (this.#rest.length > LONGEST_LINE) throw protocolError('a line without end');
    return replies;
  }

  #line(bytes: Buffer): ControlReply | undefined {
    if (bytes.length > LONGEST_LINE) throw protocolError('a line that is too long');
    this.#size += bytes.length;
    if (this.#size > LARGEST_REPLY) throw protocolError('a reply that is too large');
    if (bytes.at(-1) !== 13 || bytes.includes(0)) throw protocolError('something else than lines');
    const line = bytes.toString('utf8', 0, bytes.length - 1);
    if (line.includes('\r')) throw protocolError('something else than lines');
    return this.#data === undefined ? this.#status(line) : this.#datum(line, this.#data);
  }

  #status(line: string): ControlReply | undefined {
    const [, code, mark, text = ''] = /^([2456]\d\d)([-+ ])(.*)$/.exec(line) ?? [];
    if (code === undefined) throw protocolError('a line without a status');
    if (code !== (this.#code ?? code)) throw protocolError('two replies at once');
    this.#code = code;
    this.#lines.push(text);
    if (mark === '+') this.#data = [];
    return mark === ' ' ? this.#finish(code) : undefined;
  }

  /** Data end with a lone dot; a dot in front of any other line was put there for this reason. */
  #datum(line: string, data: string[]): undefined {
    if (line !== '.') {
      data.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    const text = this.#lines.pop() ?? '';
    this.#lines.push([text, ...data].join('\n'));
    this.#data = undefined;
  }

  #finish(code: string): ControlReply {
    const reply = { code, lines: this.#lines };
    this.#code = undefined;
    this.#lines = [];
    this.#size = 0;
    return reply;
  }
}
