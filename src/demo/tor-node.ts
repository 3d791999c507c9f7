import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { SnugError } from '../support/errors.js';

/** Options of {@link TorNode}. */
export interface TorNodeOptions {
  /** What to call it in messages. */
  readonly name: string;
  /** Absolute path of the program. */
  readonly tor: string;
  /** Path of its torrc, which must log to stdout at level notice. */
  readonly torrc: string;
  /** Receives each line of its log. */
  readonly onLine?: (line: string) => void;
}

/** One Tor process of the private network, followed through its own log. */
export class TorNode {
  readonly name: string;
  /** Resolves at "Bootstrapped 100%", rejects with PRIVATE_TOR_ENDED when Tor ends before. */
  readonly bootstrapped: Promise<void>;
  /** Resolves with the port of its SOCKS listener once it is open; rejects as `bootstrapped`. */
  readonly socksPort: Promise<number>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #lastWarning: string | undefined;

  /** Starts the process; its log tells the rest. */
  constructor(options: TorNodeOptions) {
    this.name = options.name;
    // In a process group of its own: Ctrl-C is for us, and we stop things in order.
    this.#child = spawn(options.tor, ['--defaults-torrc', '/dev/null', '-f', options.torrc], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'close').catch((error: Error) => {
      this.#lastWarning = error.message;
    });
    const lines = this.#followLog(options.onLine);
    this.bootstrapped = this.#firstMatch(lines, /Bootstrapped 100%/).then(() => undefined);
    const socks = /Opened Socks listener.* on 127\.0\.0\.1:(\d+)/;
    this.socksPort = this.#firstMatch(lines, socks).then((match) => Number(match[1]));
    // Whoever waits for them hears of a failure; a Tor nobody waits for may end quietly.
    for (const promise of [this.bootstrapped, this.socksPort]) promise.catch(() => undefined);
  }

  /** The newest line that Tor itself marked as a warning or an error. */
  get lastWarning(): string | undefined {
    return this.#lastWarning;
  }

  /** Kills without waiting: nothing of a private network is worth saving. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Kills, and resolves when the process is gone. Safe to call twice. */
  async stop(): Promise<void> {
    this.kill();
    await this.#ended;
  }

  #followLog(onLine?: (line: string) => void): Set<(line: string) => void> {
    const readers = new Set<(line: string) => void>();
    for (const input of [this.#child.stdout, this.#child.stderr]) {
      if (input === null) continue;
      createInterface({ input }).on('line', (line) => {
        const warning = /\[(?:warn|err)\] (.*)/.exec(line)?.[1];
        // Tor ends with "see warnings above": the warning above says more.
        if (warning !== undefined && !/warnings above/.test(warning)) this.#lastWarning = warning;
        onLine?.(line);
        for (const read of readers) read(line);
      });
    }
    return readers;
  }

  #firstMatch(readers: Set<(line: string) => void>, pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const read = (line: string) => {
        const match = pattern.exec(line);
        if (match === null) return;
        readers.delete(read);
        resolve(match);
      };
      readers.add(read);
      void this.#ended.then(() => {
        const why = this.#lastWarning ?? 'it said nothing';
        reject(new SnugError('PRIVATE_TOR_ENDED', `The Tor "${this.name}" has ended: ${why}`));
      });
    });
  }
}
