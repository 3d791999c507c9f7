import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callControl } from '../control/client.js';
import { SnugError } from '../support/errors.js';
import { PACKAGE_ROOT } from '../support/package.js';

/** What the demo reads of `snug status`. */
export interface RelayStatus {
  readonly ready: boolean;
  readonly site?: string;
  readonly ssbAddress?: string;
}

/** Options of {@link startRelay}. */
export interface RelayProcessOptions {
  /** The configuration file to start it with. */
  readonly config: string;
  /** Its control socket, as that configuration puts it. */
  readonly control: string;
  readonly signal: AbortSignal;
  /** Receives each line that the relay prints. */
  readonly onLine: (line: string) => void;
}

/** How long a relay may take to say goodbye to Tor and its database. */
const STOP_DEADLINE_MS = 20_000;
const MAIN = join(PACKAGE_ROOT, 'dist', 'src', 'main.js');

/** `snug start` in a process of its own, just as an operator runs it. */
export class RelayProcess {
  readonly #child: ChildProcess;
  readonly #options: RelayProcessOptions;

  constructor(options: RelayProcessOptions) {
    this.#options = options;
    const args = [MAIN, '--config', options.config, 'start'];
    // Its own group: Ctrl-C reaches the demo, and the demo stops the relay in order.
    this.#child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
  }

  /**
   * @returns the relay's status once visitors can come
   * @throws SnugError RELAY_ENDED when it ends instead
   */
  async ready(): Promise<RelayStatus> {
    const { stderr } = this.#child;
    if (stderr === null) throw new SnugError('RELAY_ENDED', 'The relay did not start.');
    const lines = createInterface({ input: stderr });
    let last = '';
    return await new Promise((resolve, reject) => {
      const ended = () => reject(new SnugError('RELAY_ENDED', `The relay ended: ${last}`));
      const abort = () => reject(this.#options.signal.reason);
      this.#options.signal.addEventListener('abort', abort, { once: true });
      this.#child.once('exit', ended);
      lines.on('line', (line) => {
        last = line;
        this.#options.onLine(line);
        if (/^info: snug: ready: /.test(line)) this.#status().then(resolve, reject);
      });
    });
  }

  async #status(): Promise<RelayStatus> {
    return (await callControl(this.#options.control, 'status', {})) as RelayStatus;
  }

  /** Ends the relay in order, and in any case. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    this.#child.kill('SIGTERM');
    await gone;
    clearTimeout(deadline);
  }

  /** Resolves when the relay ends by itself. */
  async ended(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, 'exit');
    }
  }
}
