import { appendFileSync, chmodSync, renameSync, statSync } from 'node:fs';
import { messageOf } from '../../support/errors.js';

/** With the one before it: at most twice this stays on the disk. */
const LARGEST = 4 * 1024 * 1024;

/** Options of {@link LogFile}. */
export interface LogFileOptions {
  /** Absolute; made with mode 0600. The one before it gets `.1` after its name. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called once when the file cannot be written, until it can again. */
  readonly onTrouble: (why: string) => void;
  /** Bytes after which a new file is begun. */
  readonly largest?: number;
}

/**
 * The log as a file, for machines without a journal. A disk that takes nothing costs lines and
 * nothing else: the relay goes on, and the file says afterwards how many are missing.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #size: number;
  #lost = 0;
  /** A write that failed may have left a part of a line. */
  #torn = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#size = sizeOf(options.file);
  }

  /** @param line one line of the log, without its end */
  write(line: string): void {
    const missing = this.#lost > 0 ? [`warning: snug: ${this.#lost} lines are missing here`] : [];
    const time = new Date(this.#options.now()).toISOString().slice(0, 19);
    const text = [...missing, line].map((one) => `${time}Z ${one}\n`).join('');
    try {
      this.#rotate();
      this.#append(this.#torn ? `\n${text}` : text);
      this.#lost = 0;
      this.#torn = false;
    } catch (error) {
      if (this.#lost === 0) this.#options.onTrouble(messageOf(error));
      this.#lost += 1;
      this.#torn = true;
      this.#size = sizeOf(this.#options.file);
    }
  }

  #append(text: string): void {
    const { file } = this.#options;
    appendFileSync(file, text, { mode: 0o600 });
    // A file that was there before keeps its mode.
    if (this.#size === 0) chmodSync(file, 0o600);
    this.#size += Buffer.byteLength(text);
  }

  #rotate(): void {
    const { file, largest = LARGEST } = this.#options;
    if (this.#size < largest) return;
    renameSync(file, `${file}.1`);
    this.#size = 0;
  }
}

/** What cannot be looked at cannot be written either, and that is told. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
