import type { Log } from '../support/log.js';

const LONGEST_LINE = 4096;
const MOST_REMEMBERED = 100;
const MOST_COMPLAINTS = 10;

/**
 * Turns what Tor prints into lines of our log. A warning that comes again and again, with other
 * numbers or after a restart, is written once; Tor repeats some each minute for as long as the
 * network is away.
 */
export class TorOutput {
  readonly #log: Log;
  readonly #seen = new Set<string>();
  #rest = '';
  #complaints: string[] = [];

  /** @param log gets warnings as such, and everything else as `debug` */
  constructor(log: Log) {
    this.#log = log;
  }

  /** @returns Tor's last few lines of level `warn` or `err`, the last one last */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** Another process begins to print. */
  begin(): void {
    this.#rest = '';
    this.#complaints = [];
  }

  /** @param chunk any part of Tor's output */
  push(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) this.#line(line.slice(0, LONGEST_LINE));
  }

  #line(line: string): void {
    const [, level, text] = /\[(debug|info|notice|warn|err)\] (.*)$/.exec(line) ?? [];
    if (level !== 'warn' && level !== 'err') {
      this.#log.debug(`Tor: ${text ?? line}`);
      return;
    }
    const words = text ?? line;
    this.#complaints = [...this.#complaints, words].slice(-MOST_COMPLAINTS);
    const kind = words.replace(/\d+/g, '0');
    if (this.#seen.has(kind) || this.#seen.size >= MOST_REMEMBERED) return;
    this.#seen.add(kind);
    this.#log.warning(`Tor says: ${words}`);
  }
}
